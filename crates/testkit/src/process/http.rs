//! HTTP/1.1 over a plain socket, one request per connection.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use super::PATIENCE;

/// A reply of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// Lines of the head after the status line.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

impl HttpReply {
    /// The value of a header, where it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Sends `body` to a path of the server at a local port, with the lines of `headers` in the head.
///
/// # Errors
/// The system's, and [`io::ErrorKind::InvalidData`] where the reply is no HTTP.
pub fn http_post(port: u16, path: &str, headers: &[&str], body: &str) -> io::Result<HttpReply> {
    http_request("POST", port, path, headers, body)
}

/// As [`http_post`], with any method.
///
/// # Errors
/// As [`http_post`].
pub fn http_request(
    method: &str,
    port: u16,
    path: &str,
    headers: &[&str],
    body: &str,
) -> io::Result<HttpReply> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    parse(&reply).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn parse(reply: &[u8]) -> Option<HttpReply> {
    let text = String::from_utf8_lossy(reply);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let reply = HttpReply {
        status,
        headers: lines.map(str::to_owned).collect(),
        body: body.to_owned(),
    };
    let length: Option<usize> = reply
        .header("content-length")
        .and_then(|length| length.parse().ok());
    // A reply that was cut short is none.
    length
        .is_none_or(|length| length == reply.body.len())
        .then_some(reply)
}

/// The `Authorization` line for `user:password`.
pub fn basic_auth(credentials: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("Authorization: Basic ");
    for chunk in credentials.as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits, i| {
            bits << 8 | usize::from(chunk.get(i).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            let at = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= chunk.len() {
                char::from(DIGITS[at])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::basic_auth;

    /// From RFC 4648, section 10.
    #[test]
    fn credentials_are_written_in_base64() {
        for (text, expected) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(basic_auth(text), format!("Authorization: Basic {expected}"));
        }
    }
}
