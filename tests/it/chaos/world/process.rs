//! Processes of the command, and the signals that end them.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take, signalled or not. Far more than all its retries.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where a process finds its site.
pub(crate) struct Site {
    pub(crate) token: String,
    pub(crate) id: String,
    pub(crate) base_url: String,
}

/// A process, with the signal that it will be sent.
pub(crate) struct Process {
    child: Child,
    command: String,
    output: PathBuf,
    started: Instant,
    signal: Option<(Duration, Signal)>,
}

/// The signals by number.
pub(crate) const SIGNALS: [(&str, Signal); 3] = [
    ("SIGKILL", Signal::KILL),
    ("SIGHUP", Signal::HUP),
    ("SIGTERM", Signal::TERM),
];

impl Process {
    /// Starts the command. What it prints goes to `output`.
    pub(crate) fn start(
        site: &Site,
        args: &[&str],
        paths: &[PathBuf],
        output: PathBuf,
        signal: Option<(Duration, Signal)>,
    ) -> io::Result<Self> {
        let log = File::create(&output)?;
        let child = Command::new(env!("CARGO_BIN_EXE_webflow-assets"))
            .args(args)
            .args(paths)
            .env("WEBFLOW_API_TOKEN", &site.token)
            .env("WEBFLOW_SITE_ID", &site.id)
            .env("WEBFLOW_BASE_URL", &site.base_url)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self {
            child,
            command: args.join(" "),
            output,
            started: Instant::now(),
            signal,
        })
    }

    /// Sends the signal when its time has come. Returns the status of a process that has ended.
    fn poll(&mut self) -> Result<Option<ExitStatus>, String> {
        let status = self.child.try_wait().map_err(|error| error.to_string())?;
        if status.is_some() {
            return Ok(status);
        }
        let age = self.started.elapsed();
        if let Some((at, signal)) = self.signal
            && age >= at
        {
            self.signal = None;
            // It may have ended this moment.
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
        if age > PATIENCE {
            let _ = self.child.kill();
            let _ = self.child.wait();
            return Err(format!("stuck: {}\n{}", self.command, self.said()));
        }
        Ok(None)
    }

    /// What it printed.
    fn said(&self) -> String {
        said(&self.output)
    }
}

fn said(output: &Path) -> String {
    fs::read_to_string(output).unwrap_or_default()
}

/// Waits until all of them have ended; none is left behind. Returns what each printed if it failed.
pub(crate) fn wait(mut processes: Vec<Process>) -> Result<Vec<(ExitStatus, String)>, String> {
    let mut ended = Vec::new();
    let mut stuck = None;
    while !processes.is_empty() {
        let mut n = 0;
        while n < processes.len() {
            match processes[n].poll() {
                Ok(None) => n += 1,
                Ok(Some(status)) => {
                    let process = processes.swap_remove(n);
                    ended.push((status, format!("{}\n{}", process.command, process.said())));
                }
                Err(error) => {
                    processes.swap_remove(n);
                    stuck = Some(error);
                }
            }
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    stuck.map_or(Ok(ended), Err)
}
