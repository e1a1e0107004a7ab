//! The tree that all packages hold: `bin` and `share`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Release, install, licences, manual};
use crate::output::say;
use crate::{process, workspace};

/// The programs of the window package.
pub(super) const WINDOW: &[&str] = &["bitq-gui"];
/// All programs.
pub(super) const PROGRAMS: &[&str] = &[
    "bitq",
    "bitqd",
    "bitq-node",
    "bitq-wallet",
    "bitq-cli",
    "bitq-gui",
];

/// Sizes of the icons that desktops ask for.
const ICON_SIZES: &[u32] = &[16, 24, 32, 48, 64, 128, 256, 512];

/// Copies programs, icons, desktop files and documents into the release's tree.
pub(super) fn fill(release: &Release, programs: &Path) -> Result<()> {
    for program in PROGRAMS {
        let to = release.tree.join("bin").join(program);
        install(&programs.join(program), &to, 0o755)?;
        process::run(release.command("strip")?.arg(&to))?;
    }
    let root = workspace::root();
    let share = release.tree.join("share");
    let linux = root.join("packaging/linux");
    for (from, to) in [
        (linux.join("bitq.desktop"), "applications/bitq.desktop"),
        (
            linux.join("org.bitq.bitq.metainfo.xml"),
            "metainfo/org.bitq.bitq.metainfo.xml",
        ),
        (
            root.join("assets/bitq.svg"),
            "icons/hicolor/scalable/apps/bitq.svg",
        ),
        (root.join("LICENSE"), "doc/bitq/LICENSE"),
        (root.join("README.md"), "doc/bitq/README.md"),
        (root.join("docs/deviations.md"), "doc/bitq/deviations.md"),
    ] {
        install(&from, &share.join(to), 0o644)?;
    }
    icons(&root.join("assets/bitq.svg"), &share.join("icons/hicolor"))?;
    fs::write(
        share.join("doc/bitq/LICENSES-of-parts.txt"),
        licences::page()?,
    )?;
    manual::pages(release, &share)
}

/// Draws the icon in every size, where the program for it is installed.
fn icons(drawing: &Path, folder: &Path) -> Result<()> {
    if process::find("rsvg-convert").is_none() {
        say("note: rsvg-convert is not installed, only the drawing is packed (librsvg2-bin)");
        return Ok(());
    }
    for size in ICON_SIZES {
        let to = folder.join(format!("{size}x{size}/apps/bitq.png"));
        fs::create_dir_all(to.parent().expect("an icon has a folder"))?;
        let side = size.to_string();
        let mut command = Command::new("rsvg-convert");
        command
            .args(["--width", &side, "--height", &side])
            .arg(drawing)
            .arg("--output")
            .arg(&to);
        process::run(&mut command)?;
    }
    Ok(())
}
