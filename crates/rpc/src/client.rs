//! A client for one call at a time: plain HTTP/1.1 over a blocking socket.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// Largest reply head, in bytes.
const MAX_HEAD_SIZE: usize = 64 * 1024;

/// Why there is no reply. The texts stand in parentheses behind the server's address.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The name of the host is unknown.
    #[error("Could not resolve host: {0}")]
    Resolve(String),
    /// Nobody listens there.
    #[error("Could not connect to the server")]
    Connect(#[source] io::Error),
    /// The request could not be sent.
    #[error("Failed to send HTTP request")]
    Send(#[source] io::Error),
    /// The time is over.
    #[error("timeout")]
    Timeout,
    /// The server closed the connection before its reply was whole.
    #[error("EOF")]
    Eof,
    /// The connection broke.
    #[error("Read error: {0}")]
    Receive(#[source] io::Error),
    /// The reply is not HTTP.
    #[error("HTTP error: {0}")]
    Malformed(&'static str),
}

/// A reply of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Where the server is, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Its address or name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How long connecting, sending and receiving may take each; `None` for ever.
    pub timeout: Option<Duration>,
}

impl HttpClient {
    /// Sends `body` to `path` with the value of an `Authorization` header, over a connection of its own.
    ///
    /// # Errors
    /// Where no whole reply came.
    pub fn post(
        &self,
        path: &str,
        authorization: &str,
        body: &str,
    ) -> Result<HttpReply, ClientError> {
        let stream = self.connect()?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Authorization: {authorization}\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        stream
            .set_write_timeout(self.timeout)
            .map_err(ClientError::Send)?;
        (&stream)
            .write_all(request.as_bytes())
            .map_err(ClientError::Send)?;
        let deadline = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        Receiver {
            stream,
            deadline,
            buffer: Vec::new(),
        }
        .reply()
    }

    fn connect(&self) -> Result<TcpStream, ClientError> {
        let unknown = || ClientError::Resolve(self.host.clone());
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let addresses: Vec<SocketAddr> = found.map_err(|_| unknown())?.collect();
        let deadline = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut last = unknown();
        for address in addresses {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let tried = match left {
                Some(left) if left.is_zero() => break,
                Some(left) => TcpStream::connect_timeout(&address, left),
                None => TcpStream::connect(address),
            };
            match tried {
                Ok(stream) => return Ok(stream),
                Err(error) => last = ClientError::Connect(error),
            }
        }
        Err(last)
    }
}

struct Receiver {
    stream: TcpStream,
    deadline: Option<Instant>,
    /// Bytes received and not yet used.
    buffer: Vec<u8>,
}

impl Receiver {
    /// Adds some bytes to the buffer.
    fn receive(&mut self) -> Result<(), ClientError> {
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(ClientError::Timeout);
        }
        self.stream
            .set_read_timeout(left)
            .map_err(ClientError::Receive)?;
        let mut bytes = [0; 8192];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ClientError::Eof),
            Ok(count) => {
                self.buffer.extend_from_slice(&bytes[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                Err(ClientError::Timeout)
            }
            Err(error) => Err(ClientError::Receive(error)),
        }
    }

    /// The next line without its end, taken from the buffer.
    fn line(&mut self, limit: usize) -> Result<String, ClientError> {
        let mut searched = 0;
        loop {
            let end = self.buffer[searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            if let Some(end) = end.map(|end| end + searched) {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            searched = self.buffer.len();
            if searched > limit {
                return Err(ClientError::Malformed("header too long"));
            }
            self.receive()?;
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, ClientError> {
        while self.buffer.len() < length {
            self.receive()?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn reply(mut self) -> Result<HttpReply, ClientError> {
        let status_line = self.line(MAX_HEAD_SIZE)?;
        let status = status_line
            .strip_prefix("HTTP/")
            .and_then(|rest| rest.split(' ').nth(1))
            .filter(|code| code.len() == 3)
            .and_then(|code| code.parse().ok())
            .ok_or(ClientError::Malformed("Invalid status line"))?;
        let mut length = None;
        let mut chunked = false;
        let mut head = 0;
        loop {
            let line = self.line(MAX_HEAD_SIZE)?;
            if line.is_empty() {
                break;
            }
            head += line.len();
            if head > MAX_HEAD_SIZE {
                return Err(ClientError::Malformed("header too long"));
            }
            let (name, value) = line
                .split_once(':')
                .ok_or(ClientError::Malformed("Header missing colon (:)"))?;
            match name.trim().to_ascii_lowercase().as_str() {
                "content-length" => {
                    let parsed = value.trim().parse::<usize>();
                    length =
                        Some(parsed.map_err(|_| ClientError::Malformed("Invalid Content-Length"))?);
                }
                "transfer-encoding" => chunked = value.to_ascii_lowercase().contains("chunked"),
                _ => {}
            }
        }
        let body = match length {
            _ if chunked => self.chunks()?,
            Some(length) => self.exactly(length)?,
            None => self.until_end()?,
        };
        Ok(HttpReply { status, body })
    }

    fn chunks(&mut self) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        loop {
            let line = self.line(MAX_HEAD_SIZE)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16)
                .map_err(|_| ClientError::Malformed("Invalid chunk size"))?;
            if size == 0 {
                while !self.line(MAX_HEAD_SIZE)?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.exactly(size)?);
            self.line(MAX_HEAD_SIZE)?;
        }
    }

    fn until_end(&mut self) -> Result<Vec<u8>, ClientError> {
        loop {
            match self.receive() {
                Ok(()) => {}
                Err(ClientError::Eof) => return Ok(std::mem::take(&mut self.buffer)),
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests;
