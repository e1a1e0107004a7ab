//! Screenshots of every page, light and dark, into `docs/pictures`.

use anyhow::Result;

use crate::display::Display;
use crate::test::build_programs;
use crate::{process, workspace};

/// Runs the window's picture program on a private display.
pub(crate) fn run(args: &[String]) -> Result<()> {
    build_programs()?;
    let folder = workspace::root().join("docs/pictures");
    std::fs::create_dir_all(&folder)?;
    let display = Display::start("1280x800")?;
    let mut command = process::cargo();
    command
        .args(["run", "--package", "gui", "--example", "pictures", "--"])
        .arg(&folder)
        .args(args);
    display.set_up(&mut command);
    process::run(&mut command)
}
