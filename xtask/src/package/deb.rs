//! The .deb packages, made with `dpkg-deb` alone: `bitq` without the window, and `bitq-gui`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Release, install, stage};
use crate::{process, workspace};

/// Makes both packages.
pub(super) fn make(release: &Release) -> Result<Vec<PathBuf>> {
    let arch = match release.machine.as_str() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => bail!("no Debian name is known for the processor {other}"),
    };
    ["bitq", "bitq-gui"]
        .iter()
        .map(|name| package(release, name, arch))
        .collect()
}

fn package(release: &Release, name: &str, arch: &str) -> Result<PathBuf> {
    let root = release.out.join(format!("deb-{name}"));
    let window = name == "bitq-gui";
    for program in stage::PROGRAMS {
        if stage::WINDOW.contains(program) == window {
            let from = release.tree.join("bin").join(program);
            install(&from, &root.join("usr/bin").join(program), 0o755)?;
            let page = format!("{program}.1");
            let to = root.join("usr/share/man/man1").join(&page);
            install(&release.tree.join("share/man/man1").join(&page), &to, 0o644)?;
            compress(release, &to)?;
            let completion = Path::new("bash-completion/completions").join(program);
            let share = root.join("usr/share");
            install(
                &release.tree.join("share").join(&completion),
                &share.join(&completion),
                0o644,
            )?;
        }
    }
    if window {
        for folder in ["applications", "metainfo", "icons"] {
            let to = root.join("usr/share").join(folder);
            super::copy_tree(&release.tree.join("share").join(folder), &to)?;
        }
    } else {
        let unit = "bitq-node@.service";
        let from = workspace::root().join("packaging/linux").join(unit);
        install(
            &from,
            &root.join("usr/lib/systemd/system").join(unit),
            0o644,
        )?;
    }
    documents(release, name, &root)?;
    control(release, name, arch, &root)?;
    let file = release
        .out
        .join(format!("{name}_{}_{arch}.deb", release.version));
    let mut command = release.command("dpkg-deb")?;
    command
        .args(["--build", "--root-owner-group", "-Zxz"])
        .arg(&root)
        .arg(&file);
    process::run(&mut command)?;
    Ok(file)
}

fn documents(release: &Release, name: &str, root: &Path) -> Result<()> {
    let doc = root.join("usr/share/doc").join(name);
    let licence = fs::read_to_string(workspace::root().join("LICENSE"))?;
    fs::create_dir_all(&doc)?;
    fs::write(
        doc.join("copyright"),
        format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
             Upstream-Name: bitq\n\nFiles: *\nCopyright: The bitq developers\nLicense: MIT\n{}",
            field_text(&licence)
        ),
    )?;
    let parts = "LICENSES-of-parts.txt";
    install(
        &release.tree.join("share/doc/bitq").join(parts),
        &doc.join(parts),
        0o644,
    )?;
    compress(release, &doc.join(parts))?;
    let mut date = release.command("date")?;
    date.args(["--utc", "--rfc-email", &format!("--date=@{}", release.time)]);
    let date = process::capture(&mut date)?;
    // A package of the project's own, not of a distribution, has no Debian revision.
    let log = doc.join("changelog");
    fs::write(
        &log,
        format!(
            "{name} ({}) unstable; urgency=medium\n\n  * Release {}.\n\n -- {}  {date}",
            release.version,
            release.version,
            maintainer(name)?
        ),
    )?;
    compress(release, &log)
}

fn maintainer(name: &str) -> Result<String> {
    let text = control_template(name)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Maintainer: "));
    Ok(line
        .context("the control file names a maintainer")?
        .to_owned())
}

/// A text as a field of a control file has it: indented, with dots for empty lines.
fn field_text(text: &str) -> String {
    let line = |line: &str| match line.trim_end() {
        "" => " .\n".to_owned(),
        text => format!(" {text}\n"),
    };
    text.trim().lines().map(line).collect()
}

fn compress(release: &Release, file: &Path) -> Result<()> {
    process::run(
        release
            .command("gzip")?
            .args(["--best", "--no-name", "--force"])
            .arg(file),
    )
}

fn control_template(name: &str) -> Result<String> {
    let path = workspace::root().join(format!("packaging/debian/control-{name}"));
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

fn control(release: &Release, name: &str, arch: &str, root: &Path) -> Result<()> {
    let mut du = release.command("du")?;
    let size = process::capture(du.args(["--summarize", "--block-size=1024"]).arg(root))?;
    let size = size
        .split_whitespace()
        .next()
        .context("du prints a number")?;
    let text = control_template(name)?
        .replace("@VERSION@", &release.version)
        .replace("@ARCH@", arch)
        .replace("@SIZE@", size);
    let sums = sums(release, root)?;
    let folder = root.join("DEBIAN");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("control"), text)?;
    fs::write(folder.join("md5sums"), sums)?;
    Ok(())
}

fn sums(release: &Release, root: &Path) -> Result<String> {
    let mut find = release.command("sh")?;
    find.arg("-c")
        .arg("find usr -type f -print0 | sort -z | xargs -0 md5sum")
        .current_dir(root);
    process::capture(&mut find)
}
