//! A stream socket that is watched for reading alone.
//!
//! Tokio's own stream also learns whenever the other side has read, since more could be written
//! then. That wakes the thread twice for each message. Here the socket is watched for writing only
//! after it was found full, and until it has taken something.
//!
//! A thread that sleeps on `epoll` is woken on any core, and waking an idle core takes several times
//! as long as a short call. So the reader looks again for a moment after each message before it
//! lets its thread sleep: the next message of a conversation finds it awake.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// How long after the last bytes the reader looks for more without sleeping. Longer than the waking of one core:
/// otherwise one side that slept would send the other to sleep too.
const AWAKE: Duration = Duration::from_micros(100);

/// Cuts a connected socket into its two halves. Must be called on the IPC thread.
///
/// # Errors
/// The system's, where the socket cannot be watched.
pub(crate) fn split(stream: UnixStream) -> io::Result<(SocketReader, SocketWriter)> {
    stream.set_nonblocking(true)?;
    let stream = Rc::new(stream);
    let writer = SocketWriter {
        stream: Rc::clone(&stream),
        full: None,
    };
    let watched = watch(stream, Interest::READABLE)?;
    // With one core, whoever looks takes it from the one who is to answer.
    let alone = std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let reader = SocketReader {
        watched,
        looks: !alone,
        awake_until: None,
    };
    Ok((reader, writer))
}

#[expect(
    unsafe_code,
    reason = "only the caller can know that a descriptor stays open"
)]
fn watch(socket: Rc<UnixStream>, interest: Interest) -> io::Result<AsyncFd<Rc<UnixStream>>> {
    // SAFETY: the stream owns its descriptor, is kept by what is made here, and is given to nobody
    // who could close it.
    Ok(unsafe { AsyncFd::register_with_interest(socket, interest) }?)
}

/// The half that reads.
pub(crate) struct SocketReader {
    watched: AsyncFd<Rc<UnixStream>>,
    /// Whether to look before sleeping at all.
    looks: bool,
    /// Set while more is likely to come soon.
    awake_until: Option<Instant>,
}

impl SocketReader {
    /// Notes that `read` bytes came.
    fn came(&mut self, read: usize, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.awake_until = (self.looks && read > 0).then(|| Instant::now() + AWAKE);
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }

    /// Looks for bytes without a sign of them, and asks to be asked again at once; `None` when it is time to sleep.
    fn look(
        &mut self,
        context: &Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Option<Poll<io::Result<()>>> {
        let until = self.awake_until?;
        match self
            .watched
            .get_ref()
            .as_ref()
            .read(buffer.initialize_unfilled())
        {
            Ok(read) => return Some(self.came(read, buffer)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Some(Poll::Ready(Err(error))),
        }
        if Instant::now() >= until {
            self.awake_until = None;
            return None;
        }
        // Who is to answer may need this core.
        std::thread::yield_now();
        context.waker().wake_by_ref();
        Some(Poll::Pending)
    }
}

impl AsyncRead for SocketReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(outcome) = self.look(context, buffer) {
            return outcome;
        }
        loop {
            let mut ready = ready!(self.watched.poll_read_ready(context))?;
            let free = buffer.initialize_unfilled();
            let size = free.len();
            match ready.try_io(|watched| watched.get_ref().as_ref().read(free)) {
                Ok(Ok(read)) => {
                    // Less than fits means that nothing is left; more comes with a new sign.
                    if 0 < read && read < size {
                        ready.clear_ready();
                    }
                    return self.came(read, buffer);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                // It would block: the sign is cleared, and the next one is waited for.
                Err(_) => {}
            }
        }
    }
}

/// The half that writes; the other side sees an end when it is dropped.
pub(crate) struct SocketWriter {
    stream: Rc<UnixStream>,
    /// Watches a full socket. A descriptor of its own, since one cannot be watched twice.
    full: Option<AsyncFd<Rc<UnixStream>>>,
}

impl SocketWriter {
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let watched = match &self.full {
            Some(watched) => watched,
            None => {
                let stream = self.stream.try_clone()?;
                let watched = watch(Rc::new(stream), Interest::WRITABLE)?;
                self.full.insert(watched)
            }
        };
        let mut ready = ready!(watched.poll_write_ready(context))?;
        // Whoever is told to go on tries at once; room that comes after this is a new sign.
        ready.clear_ready();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SocketWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.stream.as_ref().write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.poll_room(context))?;
                }
                outcome => {
                    self.full = None;
                    return Poll::Ready(outcome);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.shutdown(Shutdown::Write))
    }
}

impl Drop for SocketWriter {
    fn drop(&mut self) {
        // Fails where the other side is gone, which is the same end.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn more_than_the_socket_holds_arrives_whole_and_ends() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (_, mut writer) = split(ours).unwrap();
        let (mut reader, _answers) = split(theirs).unwrap();
        let sent: Vec<u8> = (0..4_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let mut received = Vec::new();
        let write = async {
            writer.write_all(&sent).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        tokio::join!(write, async {
            reader.read_to_end(&mut received).await.unwrap();
        });
        assert!(received == sent);
    }

    #[tokio::test]
    async fn a_dropped_writer_is_an_end() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (_reader, writer) = split(ours).unwrap();
        let (mut reader, _writer) = split(theirs).unwrap();
        drop(writer);
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
