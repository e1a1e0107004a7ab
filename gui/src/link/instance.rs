//! One window per chain and data directory: a second start hands its payment link to the first and ends.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use iced::futures::SinkExt as _;
use tokio::io::AsyncReadExt as _;

/// Longest hand-over, in bytes.
const MOST: u64 = 8 << 10;
/// How long the other window may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The place where windows of one data directory meet.
#[derive(Debug, Clone)]
pub struct Meeting {
    listener: Arc<UnixListener>,
    path: PathBuf,
}

/// What a start finds.
#[derive(Debug)]
pub enum Start {
    /// No other window: we are the one.
    First(Option<Meeting>),
    /// Another window took over what we had to say.
    HandedOver,
}

/// Looks for another window of `network_dir` and hands it `text`; otherwise becomes the one.
pub fn meet(network_dir: &Path, text: &str) -> Start {
    let path = network_dir.join("window.sock");
    if let Ok(mut other) = UnixStream::connect(&path) {
        let said = other
            .set_write_timeout(Some(PATIENCE))
            .and_then(|()| other.set_read_timeout(Some(PATIENCE)))
            .and_then(|()| other.write_all(text.as_bytes()))
            .and_then(|()| other.shutdown(std::net::Shutdown::Write));
        let mut answer = [0; 2];
        if said.is_ok() && other.read_exact(&mut answer).is_ok() && &answer == b"ok" {
            return Start::HandedOver;
        }
    }
    // Nobody answers there: what lies in the way is left over from a window that is gone.
    drop(std::fs::remove_file(&path));
    let meeting = UnixListener::bind(&path).ok().and_then(|listener| {
        listener.set_nonblocking(true).ok()?;
        Some(Meeting {
            listener: Arc::new(listener),
            path,
        })
    });
    Start::First(meeting)
}

impl std::hash::Hash for Meeting {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl Meeting {
    /// What later starts hand over.
    pub fn texts(&self) -> iced::futures::stream::BoxStream<'static, String> {
        use iced::futures::StreamExt as _;
        let listener = Arc::clone(&self.listener);
        iced::stream::channel(
            4,
            async move |mut out: iced::futures::channel::mpsc::Sender<String>| {
                let Some(listener) = listener
                    .try_clone()
                    .ok()
                    .and_then(|listener| tokio::net::UnixListener::from_std(listener).ok())
                else {
                    return;
                };
                while let Ok((stream, _)) = listener.accept().await {
                    let text = tokio::time::timeout(PATIENCE, take(stream)).await;
                    if let Ok(Some(text)) = text
                        && out.send(text).await.is_err()
                    {
                        return;
                    }
                }
            },
        )
        .boxed()
    }

    /// Removes the socket file at the end.
    pub fn end(&self) {
        drop(std::fs::remove_file(&self.path));
    }
}

async fn take(mut stream: tokio::net::UnixStream) -> Option<String> {
    use tokio::io::AsyncWriteExt as _;
    let mut bytes = Vec::new();
    (&mut stream)
        .take(MOST)
        .read_to_end(&mut bytes)
        .await
        .ok()?;
    stream.write_all(b"ok").await.ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::futures::StreamExt as _;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_start_hands_its_link_to_the_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Start::First(Some(first)) = meet(folder.path(), "") else {
            panic!("nobody is there")
        };
        let mut texts = first.texts();
        let path = folder.path().to_owned();
        let second = tokio::task::spawn_blocking(move || meet(&path, "bitcoin:abc"));
        let text = tokio::time::timeout(Duration::from_secs(60), texts.next()).await;
        assert_eq!(text.expect("in time"), Some("bitcoin:abc".to_owned()));
        assert!(matches!(second.await.expect("ran"), Start::HandedOver));
        first.end();
        assert!(matches!(meet(folder.path(), ""), Start::First(Some(_))));
    }
}
