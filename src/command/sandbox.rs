//! `sandbox`: a Webflow and an S3 on this machine, for this command and for any other client.

use webflow_assets::sandbox::{Sandbox, SandboxBuilder};

use crate::command::{
    Exit,
    args::SandboxArgs,
    failure::{Failed, Result},
    output,
    signals::Signals,
};

/// Serves until it is asked to stop. Fails if the addresses cannot be printed.
pub(crate) async fn run(args: SandboxArgs) -> Result {
    let mut builder = Sandbox::builder();
    if let Some(port) = args.port {
        builder = builder.port(port);
    }
    if let Some(bytes) = args.max_size {
        builder = builder.max_size(bytes);
    }
    if let Some((requests, window)) = args.rate_limit {
        builder = builder.rate_limit(requests, window);
    }
    if let Some(seed) = args.seed {
        builder = builder.seed(seed);
    }
    for rule in args.faults {
        builder = builder.fault(rule);
    }
    let sandbox = start(builder).await?;
    // Before the lines are printed: a program that reads them may stop this one at once.
    let mut signals = Signals::watch()?;
    output::needed_line(&exports(&sandbox))?;
    output::say(&format!(
        "serving; one folder, {}; Ctrl-C stops it",
        sandbox.folder_id()
    ));
    signals.stop().await;
    output::say("stopped");
    Ok(Exit::Success)
}

pub(crate) async fn start(builder: SandboxBuilder) -> Result<Sandbox, Failed> {
    let started = builder.start().await;
    started.map_err(|error| Failed::caused_by("the sandbox cannot start".to_owned(), &error))
}

/// The settings for a client, as shell commands. No value has a character with a special meaning
/// in a shell.
fn exports(sandbox: &Sandbox) -> String {
    format!(
        "export WEBFLOW_API_TOKEN={}\nexport WEBFLOW_SITE_ID={}\nexport WEBFLOW_BASE_URL={}",
        sandbox.token(),
        sandbox.site_id(),
        sandbox.base_url()
    )
}

/// What a sandbox holds, in a line.
pub(crate) fn summary(sandbox: &Sandbox) -> String {
    let stored: Vec<usize> = sandbox
        .assets()
        .iter()
        .filter_map(|asset| sandbox.stored(&asset.id))
        .map(|bytes| bytes.len())
        .collect();
    let assets = match stored.len() {
        1 => "1 asset".to_owned(),
        n => format!("{n} assets"),
    };
    format!(
        "sandbox: {assets}, {} bytes stored; nothing left this machine",
        stored.iter().sum::<usize>()
    )
}
