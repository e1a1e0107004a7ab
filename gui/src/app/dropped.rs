//! A file dropped on the window: what it is shows in what it holds, not in its name.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use iced::Task;

use super::{App, Message};
use crate::page::PageId;
use crate::page::wallets;
use crate::theme::Tone;

/// So much of a file is looked at.
const LOOKED_AT: u64 = 64 << 10;
/// How every SQLite database begins, a wallet among them.
const DATABASE: &[u8] = b"SQLite format 3\0";

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// A payment link.
    Link(String),
    /// A wallet or its backup.
    Wallet,
    /// Options of a node.
    Settings,
    /// Something else, or nothing that can be read: the sentence that says so.
    Other(String),
}

/// Looks into a file. Touches the disk.
fn inspect(path: &Path) -> Dropped {
    let name = path.display();
    if path.is_dir() {
        return Dropped::Other(format!(
            "{name} is a folder. Drop the backup file of a wallet, or a file with a payment link."
        ));
    }
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut bytes));
    match read {
        Ok(_) => content(&bytes).unwrap_or_else(|| {
            Dropped::Other(format!(
                "{name} is neither a wallet's backup nor a payment link. Nothing was done with it."
            ))
        }),
        Err(error) => Dropped::Other(format!("{name} cannot be read: {error}.")),
    }
}

fn content(bytes: &[u8]) -> Option<Dropped> {
    if bytes.starts_with(DATABASE) {
        return Some(Dropped::Wallet);
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if text.starts_with('{') && serde_json::from_str::<serde_json::Value>(text).is_ok() {
        return Some(Dropped::Settings);
    }
    // A desktop's shortcut to a link holds it after "URL=".
    let mut words = text
        .lines()
        .map(|line| line.trim().trim_start_matches("URL="));
    let is_link = |word: &&str| {
        word.split_once(':').is_some_and(|(scheme, rest)| {
            let letters = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            letters && !scheme.is_empty() && !rest.is_empty() && !word.contains(' ')
        })
    };
    let link = words.find(is_link)?;
    Some(Dropped::Link(link.to_owned()))
}

impl App {
    pub(super) fn dropped(&mut self, path: PathBuf) -> Task<Message> {
        let shown = path.clone();
        let look = async move {
            let done = tokio::task::spawn_blocking(move || inspect(&path)).await;
            done.unwrap_or_else(|_| Dropped::Other("The file was not looked at.".to_owned()))
        };
        Task::perform(look, move |found| Message::Inspected(shown.clone(), found))
    }

    pub(super) fn inspected(&mut self, path: &Path, content: Dropped) -> Task<Message> {
        match content {
            Dropped::Link(link) => self.pay(&link),
            Dropped::Wallet => {
                self.pages.wallets.open_restore();
                let message = wallets::restore::Message::Path(path.display().to_string());
                let show = self.open(PageId::Wallets);
                let fill = self.update(Message::Wallets(wallets::Message::Restore(message)));
                Task::batch([show, fill])
            }
            Dropped::Settings => {
                let words = format!(
                    "{} holds options of a node. To use it, put it into the data directory as settings.json while the \
                     node is stopped.",
                    path.display()
                );
                Task::batch([self.open(PageId::Settings), self.notify(Tone::Warn, words)])
            }
            Dropped::Other(words) => self.notify(Tone::Warn, words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_it_holds() {
        assert_eq!(content(b"SQLite format 3\0rest"), Some(Dropped::Wallet));
        assert_eq!(content(b"{\"dbcache\": 300}\n"), Some(Dropped::Settings));
        let link = "bitcoin:bc1qxyz?amount=1";
        assert_eq!(
            content(link.as_bytes()),
            Some(Dropped::Link(link.to_owned()))
        );
        let shortcut = format!("[InternetShortcut]\nURL={link}\n");
        assert_eq!(
            content(shortcut.as_bytes()),
            Some(Dropped::Link(link.to_owned()))
        );
        for other in [
            &b"{ broken"[..],
            b"",
            b"\xff\xfe\x00",
            b"Some notes: nothing here",
        ] {
            assert_eq!(content(other), None);
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let notes = folder.path().join("notes.txt");
        std::fs::write(&notes, "nothing").expect("writable");
        for path in [&notes, folder.path(), &folder.path().join("missing")] {
            let Dropped::Other(words) = inspect(path) else {
                panic!("{} is not usable", path.display());
            };
            assert!(words.contains(&path.display().to_string()), "{words}");
        }
    }
}
