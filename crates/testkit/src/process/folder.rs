//! A data directory of a test's own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A temporary folder with a data directory in it; it goes with its owner.
#[derive(Debug)]
pub struct Folder {
    root: TempDir,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// Makes the folder. With `BITQ_KEEP` in the environment it stays, to be looked into.
    ///
    /// # Panics
    /// Where the system refuses.
    pub fn new() -> Self {
        let mut root = tempfile::Builder::new()
            .prefix("bitq-")
            .tempdir()
            .expect("a temporary folder");
        root.disable_cleanup(std::env::var_os("BITQ_KEEP").is_some());
        std::fs::create_dir(root.path().join("data")).expect("a data directory");
        Self { root }
    }

    /// The folder itself, for files beside the data directory.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// The directory of a network, as Bitcoin names it.
    pub fn network(&self, network: &str) -> PathBuf {
        match network {
            "main" => self.data(),
            "test" => self.data().join("testnet3"),
            other => self.data().join(other),
        }
    }

    /// Copies the data directory into a new folder; the programs using it must have ended.
    ///
    /// # Panics
    /// Where the system refuses.
    #[must_use]
    pub fn copied(&self) -> Self {
        let copy = Self::new();
        copy_tree(&self.data(), &copy.data());
        copy
    }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder to copy to");
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry to copy");
        let kind = entry.file_type().expect("its type");
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_tree(&entry.path(), &target);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target).expect("a copy of a file");
        }
    }
}

/// Names and contents of every file below a folder, to see whether it was touched.
///
/// # Panics
/// Where the folder cannot be read.
pub(crate) fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a folder") {
            let entry = entry.expect("an entry");
            let kind = entry.file_type().expect("its type");
            if kind.is_dir() {
                open.push(entry.path());
            }
            let content = if kind.is_file() {
                std::fs::read(entry.path()).expect("a file")
            } else {
                Vec::new()
            };
            found.push((entry.path(), content));
        }
    }
    found.sort();
    found
}

impl Folder {
    /// Names and contents of everything in the data directory, to see whether it was touched.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        snapshot(&self.data())
    }
}
