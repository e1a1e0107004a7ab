//! Pictures of every page, light and dark, into `docs/pictures`.

use anyhow::Result;

use crate::{process, workspace};

/// Draws the pages with the window's own renderer, which needs no display.
///
/// Arguments go to the program that draws: width, height, and a part of the names wanted.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let folder = workspace::root().join("docs/pictures");
    std::fs::create_dir_all(&folder)?;
    let mut command = process::cargo();
    command.args(["run", "--package", "gui", "--example", "pictures", "--"]);
    command
        .arg(&folder)
        .args(args)
        .env("ICED_TEST_BACKEND", "tiny-skia");
    process::run(&mut command)
}
