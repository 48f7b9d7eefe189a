//! Processes of the command, and the signals that end them.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take. Far more than all its retries.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long it may take to end after a signal.
const END: Duration = Duration::from_secs(20);

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
    deadline: Duration,
    written: u64,
}

/// What is left of a process.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Its arguments, and what it printed.
    pub(crate) said: String,
    /// The bytes that it wrote, to files and to the network.
    pub(crate) written: u64,
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
            deadline: PATIENCE,
            written: 0,
        })
    }

    /// Sends the signal when its time has come. Returns the status of a process that has ended.
    fn poll(&mut self) -> Result<Option<ExitStatus>, String> {
        // To be read as long as nobody has waited for the process.
        self.written = written(self.child.id()).unwrap_or(self.written);
        let status = self.child.try_wait().map_err(|error| error.to_string())?;
        if status.is_some() {
            return Ok(status);
        }
        let age = self.started.elapsed();
        if let Some((at, signal)) = self.signal
            && age >= at
        {
            self.signal = None;
            self.deadline = age + END;
            // It may have ended this moment.
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
        if age > self.deadline {
            let _ = self.child.kill();
            let _ = self.child.wait();
            return Err(format!("stuck: {}", self.said()));
        }
        Ok(None)
    }

    fn said(&self) -> String {
        let printed = fs::read_to_string(&self.output).unwrap_or_default();
        format!("{}\n{printed}", self.command)
    }
}

/// The bytes that a process has written so far, whatever it wrote them to.
fn written(pid: u32) -> Option<u64> {
    let counters = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let mut lines = counters.lines();
    lines
        .find_map(|line| line.strip_prefix("wchar: "))?
        .parse()
        .ok()
}

/// Waits until all of them have ended; none is left behind.
pub(crate) fn wait(mut processes: Vec<Process>) -> Result<Vec<Ended>, String> {
    let mut ended = Vec::new();
    let mut stuck = None;
    while !processes.is_empty() {
        let mut n = 0;
        while n < processes.len() {
            match processes[n].poll() {
                Ok(None) => n += 1,
                Ok(Some(status)) => {
                    let process = processes.swap_remove(n);
                    ended.push(Ended {
                        status,
                        said: process.said(),
                        written: process.written,
                    });
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
