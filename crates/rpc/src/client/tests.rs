use std::net::TcpListener;
use std::thread;

use super::*;

/// What the client makes of a server that answers with `reply`.
fn check(reply: &'static str, expected: Result<(u16, &str), &str>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n{}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        stream.write_all(reply.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    let client = HttpClient {
        host: "127.0.0.1".into(),
        port,
        timeout: Some(Duration::from_secs(20)),
    };
    let answer = client.post("/wallet/a", "Basic x", "{}");
    let answer = answer
        .map(|reply| (reply.status, String::from_utf8(reply.body).unwrap()))
        .map_err(|error| error.to_string());
    let expected = expected.map(|(status, body)| (status, body.to_owned()));
    assert_eq!(answer, expected.map_err(str::to_owned), "for {reply:?}");
    let request = server.join().unwrap();
    assert!(
        request.starts_with("POST /wallet/a HTTP/1.1\r\nHost: 127.0.0.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nAuthorization: Basic x\r\n"),
        "{request}"
    );
}

#[test]
fn replies_of_every_form_are_read() {
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyrest",
        Ok((200, "body")),
    );
    check(
        "HTTP/1.0 500 Oh\r\nx: y\r\n\r\nto the end",
        Ok((500, "to the end")),
    );
    check("HTTP/1.1 204 \r\ncontent-length: 0\r\n\r\n", Ok((204, "")));
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nt: u\r\n\r\n",
        Ok((200, "abcd")),
    );
}

#[test]
fn other_replies_are_errors() {
    check("", Err("EOF"));
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody",
        Err("EOF"),
    );
    check("SSH-2.0\r\n", Err("HTTP error: Invalid status line"));
    check(
        "HTTP/1.1 2000 OK\r\n",
        Err("HTTP error: Invalid status line"),
    );
    check(
        "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        Err("HTTP error: Header missing colon (:)"),
    );
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        Err("HTTP error: Invalid Content-Length"),
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        Err("HTTP error: Invalid chunk size"),
    );
}

#[test]
fn a_silent_or_missing_server_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = HttpClient {
        host: "127.0.0.1".into(),
        port,
        timeout: Some(Duration::from_millis(200)),
    };
    assert_eq!(client.post("/", "", "").unwrap_err().to_string(), "timeout");
    drop(listener);
    let error = client.post("/", "", "").unwrap_err();
    assert_eq!(error.to_string(), "Could not connect to the server");
    let nowhere = HttpClient {
        host: "no such host".into(),
        ..client
    };
    let error = nowhere.post("/", "", "").unwrap_err();
    assert_eq!(error.to_string(), "Could not resolve host: no such host");
}
