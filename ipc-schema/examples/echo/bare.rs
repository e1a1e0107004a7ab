//! Two processes, one socket, messages of a fixed size.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::Outcome;

/// Bytes of the `Call` that carries the text, with its frame.
pub(crate) const CALL: usize = 176;
/// Bytes of the `Return` that carries it.
pub(crate) const RETURN: usize = 128;

/// Starts this program again with `mode`; our end of a socket that is its standard input.
pub(crate) fn spawn(mode: &str) -> Outcome<(UnixStream, Child)> {
    let (socket, theirs) = UnixStream::pair()?;
    let child = Command::new(std::env::current_exe()?)
        .arg(mode)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    Ok((socket, child))
}

/// The socket that [`spawn`] gave.
pub(crate) fn given() -> Outcome<UnixStream> {
    let input = std::io::stdin();
    Ok(UnixStream::from(input.as_fd().try_clone_to_owned()?))
}

/// Answers every message until the end.
pub(crate) fn answer() -> Outcome {
    let mut socket = given()?;
    let mut call = [0; CALL];
    while socket.read_exact(&mut call).is_ok() {
        socket.write_all(&[1; RETURN])?;
    }
    Ok(())
}

/// The side that asks.
pub(crate) struct Caller {
    socket: UnixStream,
    child: Child,
}

impl Caller {
    pub(crate) fn start() -> Outcome<Self> {
        let (socket, child) = spawn("bare")?;
        Ok(Self { socket, child })
    }

    /// The nanoseconds of each call.
    pub(crate) fn round(&mut self, calls: u32) -> Outcome<Vec<u64>> {
        let mut times = Vec::new();
        let mut answer = [0; RETURN];
        for _ in 0..calls {
            let start = Instant::now();
            self.socket.write_all(&[1; CALL])?;
            self.socket.read_exact(&mut answer)?;
            times.push(u64::try_from(start.elapsed().as_nanos())?);
        }
        Ok(times)
    }

    pub(crate) fn end(mut self) -> Outcome {
        drop(self.socket);
        self.child.wait()?;
        Ok(())
    }
}
