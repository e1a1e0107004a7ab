//! The operating system's own file chooser. It may be missing, so every page has a path field as well.

use std::path::PathBuf;

/// What is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// A folder.
    Folder,
    /// A file to read.
    Open,
    /// A file to write.
    Save,
}

/// Asks for a path, beginning at `suggestion`; `None` where nothing was chosen or there is no chooser.
pub async fn pick(what: Pick, title: &'static str, suggestion: PathBuf) -> Option<PathBuf> {
    let mut dialog = rfd::AsyncFileDialog::new().set_title(title);
    if let Some(folder) = suggestion.parent().filter(|folder| folder.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    if let (Pick::Save, Some(name)) = (what, suggestion.file_name()) {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    let chosen = match what {
        Pick::Folder => dialog.pick_folder().await,
        Pick::Open => dialog.pick_file().await,
        Pick::Save => dialog.save_file().await,
    };
    chosen.map(|file| file.path().to_owned())
}
