//! Packages for Linux on this machine's processor: tar.gz, .deb and AppImage.

use anyhow::{Result, bail};

/// Makes the packages that the arguments name, or all.
pub(crate) fn run(_args: &[String]) -> Result<()> {
    bail!("not here")
}
