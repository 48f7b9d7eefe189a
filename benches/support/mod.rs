//! What the benchmarks of many files share: a sandbox in a process of its own, and a tree of files.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use webflow_assets::{Client, Token};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A sandbox that shares neither memory nor threads with what is measured.
pub(crate) struct Sandbox {
    child: Child,
    pub(crate) token: String,
    pub(crate) site: String,
    pub(crate) base_url: String,
}

impl Sandbox {
    pub(crate) fn start(args: &[&str]) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_webflow-assets"))
            .arg("sandbox")
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut values = BufReader::new(stdout)
            .lines()
            .take(3)
            .map(|line| Ok(line?.split_once('=').ok_or("no export")?.1.to_owned()));
        let mut next = || -> Result<String> { values.next().ok_or("no more lines")? };
        let (token, site, base_url) = (next()?, next()?, next()?);
        Ok(Self {
            child,
            token,
            site,
            base_url,
        })
    }

    pub(crate) fn client(&self) -> Result<Client> {
        let client = Client::builder()
            .token(Token::new(&self.token)?)
            .base_url(&self.base_url);
        Ok(client.build()?)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It has ended, or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that no other seed gives.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let mut bytes: Vec<u8> = seed.to_le_bytes().to_vec();
    bytes.extend(words.flatten().take(len.saturating_sub(8)));
    bytes.truncate(len);
    bytes
}

/// As many files of this length in one directory.
pub(crate) fn files(dir: &Path, count: usize, len: usize) -> Result<Vec<PathBuf>> {
    (0..count)
        .map(|n| {
            let path = dir.join(format!("{n}.bin"));
            fs::write(&path, noise(n as u64, len))?;
            Ok(path)
        })
        .collect()
}
