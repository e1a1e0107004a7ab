//! A private X display for tests and pictures: Xvfb, with openbox for focus and placement.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::output::say;
use crate::process;

/// Ends its programs when dropped.
pub(crate) struct Display {
    name: String,
    programs: Vec<Child>,
}

impl Display {
    /// Starts Xvfb on a free display number and, where installed, openbox on it.
    ///
    /// # Errors
    /// When Xvfb is not installed or does not start.
    pub(crate) fn start(size: &str) -> Result<Display> {
        if process::find("Xvfb").is_none() {
            bail!("Xvfb is not installed: install the package xvfb");
        }
        let mut xvfb = Command::new("Xvfb");
        // Without -noreset the server resets itself when its last client leaves.
        xvfb.args(["-displayfd", "1", "-screen", "0", &format!("{size}x24")])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = xvfb.spawn().context("cannot start Xvfb")?;
        let output = server.stdout.take().expect("stdout is piped");
        let mut display = Display {
            name: String::new(),
            programs: vec![server],
        };
        let mut number = String::new();
        BufReader::new(output)
            .read_line(&mut number)
            .context("display number of Xvfb")?;
        if number.trim().is_empty() {
            bail!("Xvfb ended at once");
        }
        display.name = format!(":{}", number.trim());
        display.start_window_manager()?;
        say(&format!("display {} at {size}", display.name));
        Ok(display)
    }

    /// Without a window manager no window has the keyboard.
    ///
    /// Waits until it manages the display: a window that appears meanwhile may stay hidden.
    fn start_window_manager(&mut self) -> Result<()> {
        if process::find("openbox").is_none() {
            say("note: openbox is not installed, windows get no keyboard focus");
            return Ok(());
        }
        let mut openbox = Command::new("openbox");
        openbox.args(["--sm-disable", "--startup", "echo ready"]);
        openbox
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        self.set_up(&mut openbox);
        let mut child = openbox.spawn().context("cannot start openbox")?;
        let output = child.stdout.take().expect("stdout is piped");
        self.programs.push(child);
        // It may warn about its menu first.
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        if !lines.any(|line| line == "ready") {
            bail!("openbox ended at once");
        }
        Ok(())
    }

    /// Points a command to this display and to the renderer that all pictures are made with.
    pub(crate) fn set_up(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.name)
            .env_remove("WAYLAND_DISPLAY")
            .env("ICED_BACKEND", "tiny-skia")
            .env("ICED_TEST_BACKEND", "tiny-skia");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            // Asked to end, the server removes its lock and socket. An error means that the program
            // has ended already.
            let mut kill = Command::new("kill");
            let asked = kill
                .arg(program.id().to_string())
                .stderr(Stdio::null())
                .status();
            if !asked.is_ok_and(|status| status.success()) {
                drop(program.kill());
            }
            drop(program.wait());
        }
    }
}
