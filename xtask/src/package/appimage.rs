//! The AppImage: our own runtime, the squashfs of the tree, and a trailer with its SHA-256.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Release, copy_tree, install};
use crate::{process, workspace};

/// The last bytes of the image; the runtime looks for them.
const MARK: &[u8; 16] = b"appimage-sha-256";
/// Sections that AppImage managers look for, and their sizes. Empty: no update source, no signature.
const SECTIONS: [(&str, usize); 2] = [(".upd_info", 1024), (".sha256_sig", 1024)];

/// Makes the image.
pub(super) fn make(release: &Release) -> Result<PathBuf> {
    let folder = release.out.join("AppDir");
    app_dir(release, &folder)?;
    let squashfs = release.out.join("app.squashfs");
    let mut command = release.command("mksquashfs")?;
    command.arg(&folder).arg(&squashfs);
    command.args([
        "-root-owned",
        "-noappend",
        "-comp",
        "xz",
        "-no-progress",
        "-quiet",
    ]);
    process::run(&mut command)?;
    let mut image = runtime(release)?;
    let payload = fs::read(&squashfs)?;
    let end = elf_end(&image)?;
    if end > image.len() {
        bail!("the runtime is shorter than its ELF header says");
    }
    // Whatever stands behind the section headers belongs to nothing.
    image.truncate(end);
    image.extend_from_slice(&payload);
    image.extend_from_slice(&u64::try_from(payload.len())?.to_le_bytes());
    image.extend_from_slice(&sha256(release, &squashfs)?);
    image.extend_from_slice(MARK);
    let name = format!("bitq-{}-{}.AppImage", release.version, release.machine);
    let file = release.out.join(name);
    fs::write(&file, image)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    fs::remove_file(&squashfs)?;
    Ok(file)
}

/// The folder that becomes the file system.
fn app_dir(release: &Release, folder: &Path) -> Result<()> {
    copy_tree(&release.tree, &folder.join("usr"))?;
    let linux = workspace::root().join("packaging/linux");
    install(&linux.join("AppRun"), &folder.join("AppRun"), 0o755)?;
    install(
        &linux.join("bitq.desktop"),
        &folder.join("bitq.desktop"),
        0o644,
    )?;
    let drawn = "usr/share/icons/hicolor/256x256/apps/bitq.png";
    let icon = if folder.join(drawn).exists() {
        "bitq.png"
    } else {
        install(
            &workspace::root().join("assets/bitq.svg"),
            &folder.join("bitq.svg"),
            0o644,
        )?;
        "bitq.svg"
    };
    if icon == "bitq.png" {
        install(&folder.join(drawn), &folder.join(icon), 0o644)?;
    }
    symlink(icon, folder.join(".DirIcon"))?;
    Ok(())
}

/// Builds the runtime and marks it as one.
fn runtime(release: &Release) -> Result<Vec<u8>> {
    let manifest = workspace::root().join("packaging/appimage-runtime/Cargo.toml");
    let target = workspace::target_dir()?.join("appimage-runtime");
    // Named, so that the flags are not those of macros, which run inside the compiler.
    let triple = format!("{}-unknown-linux-gnu", release.machine);
    let mut command = process::cargo();
    command
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(manifest)
        .args(["--target", &triple])
        .arg("--target-dir")
        .arg(&target)
        // Static, so that it runs on every distribution.
        .env(
            "RUSTFLAGS",
            "-C target-feature=+crt-static -C relocation-model=static",
        );
    process::run(&mut command)?;
    let file = release.out.join("runtime");
    let mut objcopy = release.command("objcopy")?;
    for (name, size) in SECTIONS {
        let content = release.out.join(format!("section{name}"));
        fs::write(&content, vec![0; size])?;
        objcopy
            .arg("--add-section")
            .arg(format!("{name}={}", content.display()));
    }
    let built = target.join(triple).join("release/appimage-runtime");
    process::run(objcopy.arg(built).arg(&file))?;
    let mut image = fs::read(&file)?;
    let mark = image.get_mut(8..11).context("the runtime is no program")?;
    // The sign of an AppImage of the second type, in unused bytes of the ELF header.
    mark.copy_from_slice(b"AI\x02");
    Ok(image)
}

/// Where the section headers end, the last part of an ELF file.
fn elf_end(image: &[u8]) -> Result<usize> {
    let header = image.get(..64).context("the runtime is no program")?;
    let half = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let table = u64::from_le_bytes(header[40..48].try_into().expect("8 bytes"));
    Ok(usize::try_from(table)? + half(58) * half(60))
}

fn sha256(release: &Release, file: &Path) -> Result<Vec<u8>> {
    let text = process::capture(release.command("sha256sum")?.arg(file))?;
    let digits = text.get(..64).context("sha256sum prints 64 digits")?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16);
    Ok((0..64).step_by(2).map(byte).collect::<Result<_, _>>()?)
}
