use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::reply::MAX_BODY_SIZE;
use super::*;
use crate::auth::basic_header;
use crate::fixture::{Shop, table};

const SOON: Duration = Duration::from_secs(20);

struct Running {
    server: HttpServer,
    table: Arc<Table<Shop>>,
}

async fn start(change: impl FnOnce(&mut HttpConfig, &mut Endpoint<Shop>)) -> Running {
    let table = table();
    let mut config = HttpConfig::new(vec![("127.0.0.1".into(), 0)]);
    let mut credentials = Credentials::default();
    credentials.add_password("user", "pass").unwrap();
    credentials.add_password("guest", "pass").unwrap();
    let whitelist = Whitelist::parse(["guest:getcount"], Some(false));
    let mut endpoint = Endpoint {
        table: Arc::clone(&table),
        credentials,
        whitelist,
        rest: None,
    };
    change(&mut config, &mut endpoint);
    let server = BoundServer::bind(config).await.unwrap().serve(endpoint);
    Running { server, table }
}

struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    async fn to(running: &Running) -> Self {
        let stream = TcpStream::connect(running.server.addresses()[0])
            .await
            .unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn post(&mut self, path: &str, login: &str, body: &str) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
            basic_header(login),
            body.len()
        );
        self.send(&(head + body)).await;
    }

    /// Reads until the received bytes hold `end`; false where the server closed before.
    async fn read_until(&mut self, end: impl Fn(&[u8]) -> bool) -> bool {
        while !end(&self.received) {
            let mut bytes = [0; 4096];
            let read = timeout(SOON, self.stream.read(&mut bytes))
                .await
                .expect("bytes in time");
            match read {
                Ok(count) if count > 0 => self.received.extend_from_slice(&bytes[..count]),
                _ => return false,
            }
        }
        true
    }

    /// One whole reply: head and body.
    async fn reply(&mut self) -> (String, String) {
        let head_end = |bytes: &[u8]| bytes.windows(4).position(|four| four == b"\r\n\r\n");
        assert!(
            self.read_until(|bytes| head_end(bytes).is_some()).await,
            "no reply"
        );
        let end = head_end(&self.received).unwrap() + 4;
        let head = String::from_utf8(self.received[..end].to_vec()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        assert!(
            self.read_until(|bytes| bytes.len() >= end + length).await,
            "reply cut short"
        );
        let body = String::from_utf8(self.received[end..end + length].to_vec()).unwrap();
        self.received.drain(..end + length);
        (head, body)
    }

    /// The status and body of one reply.
    async fn answer(&mut self) -> String {
        let (head, body) = self.reply().await;
        format!("{} {body}", &head[9..12])
    }

    async fn closed(&mut self) -> bool {
        !self.read_until(|_| false).await && self.received.is_empty()
    }
}

const COUNT: &str = r#"{"method":"getcount","id":1}"#;
const COUNTED: &str = "200 {\"result\":7,\"error\":null,\"id\":1}\n";

#[tokio::test]
async fn a_connection_serves_many_calls() {
    let running = start(|_, _| {}).await;
    let mut client = Client::to(&running).await;
    client.post("/", "user:pass", COUNT).await;
    let (head, body) = client.reply().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("\r\nContent-Type: application/json\r\n"),
        "{head}"
    );
    assert_eq!(body, &COUNTED[4..]);
    client.post("/wallet/my%20money", "user:pass", COUNT).await;
    client.post("/", "user:pass", "nonsense").await;
    client
        .post("/", "user:pass", r#"{"jsonrpc":"2.0","method":"getcount"}"#)
        .await;
    client.post("/", "user:pass", COUNT).await;
    assert_eq!(client.answer().await, COUNTED);
    assert!(
        client
            .answer()
            .await
            .starts_with("500 {\"result\":null,\"error\":{\"code\":-32700")
    );
    assert_eq!(client.answer().await, "204 ");
    assert_eq!(client.answer().await, COUNTED);
}

#[tokio::test]
async fn a_chunked_body_is_read_and_closing_is_obeyed() {
    let running = start(|_, _| {}).await;
    let mut client = Client::to(&running).await;
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\
             Connection: close\r\n\r\n{:x}\r\n{COUNT}\r\n0\r\n\r\n",
            basic_header("user:pass"),
            COUNT.len()
        ))
        .await;
    assert_eq!(client.answer().await, COUNTED);
    assert!(client.closed().await);
}

#[tokio::test]
async fn only_known_users_call_and_only_what_they_may() {
    let running = start(|_, _| {}).await;
    for (login, body, expected) in [
        ("user:pass", COUNT, "200"),
        ("user:wrong", COUNT, "401"),
        ("nobody:pass", COUNT, "401"),
        ("guest:pass", COUNT, "200"),
        ("guest:pass", r#"{"method":"echo"}"#, "403"),
    ] {
        let mut client = Client::to(&running).await;
        client.post("/", login, body).await;
        let (head, _) = client.reply().await;
        assert_eq!(&head[9..12], expected, "{login} {body}");
        let asks = head.contains("\r\nWww-Authenticate: Basic realm=\"jsonrpc\"\r\n");
        assert_eq!(asks, expected == "401", "{head}");
    }
    let mut client = Client::to(&running).await;
    client
        .send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        .await;
    assert_eq!(client.answer().await, "401 ");
}

#[tokio::test]
async fn other_methods_paths_and_garbage_are_refused() {
    let running = start(|_, _| {}).await;
    let long = "x".repeat(MAX_HEADER_SIZE);
    let many: String = (0..600).map(|index| format!("h{index}: foo\r\n")).collect();
    for (head, expected) in [
        (
            "GET / HTTP/1.1\r\n",
            "405 JSONRPC server handles only POST requests",
        ),
        ("TRACE / HTTP/1.1\r\n", "405 "),
        ("CONNECT / HTTP/1.1\r\n", "405 "),
        ("DELETE /x HTTP/1.1\r\n", "405 "),
        ("GET /x HTTP/1.1\r\n", "404 "),
        ("POST /?a HTTP/1.1\r\n", "404 "),
        ("GET /rest/chaininfo.json HTTP/1.1\r\n", "404 "),
        ("GET /../%2e%2e/etc/passwd HTTP/1.1\r\n", "404 "),
        ("GET /safe\0/x HTTP/1.1\r\n", "400 "),
        ("GET / \r\n", "400 "),
        ("GET / HTTP/9.9\r\n", "400 "),
        ("GET / NOTHTTP/1.1\r\n", "400 "),
        ("GET /x HTTP/1.1\r\nAuthorization : x\r\n", "400 "),
        ("GET /x HTTP/1.1\r\nAuthorization: x\r\n y\r\n", "400 "),
        (
            "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
            "400 ",
        ),
        (&format!("GET /{long} HTTP/1.1\r\n"), "400 "),
        (&format!("GET /x HTTP/1.1\r\n{many}"), "400 "),
    ] {
        let mut client = Client::to(&running).await;
        client.send(&format!("{head}Host: x\r\n\r\n")).await;
        assert_eq!(client.answer().await, expected, "for {:.60}", head);
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_read() {
    let running = start(|_, _| {}).await;
    let login = basic_header("user:pass");
    let mut client = Client::to(&running).await;
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {login}\r\nContent-Length: {}\r\n\r\n",
            MAX_BODY_SIZE + 1
        ))
        .await;
    let (head, _) = client.reply().await;
    assert!(
        head.starts_with("HTTP/1.1 413 Content too large\r\n"),
        "{head}"
    );
    assert!(client.closed().await);
}

#[tokio::test]
async fn calls_above_the_queue_are_turned_away() {
    let running = start(|config, _| {
        config.threads = 1;
        config.work_queue = 1;
    })
    .await;
    let wait = r#"{"method":"waitforcustomer","id":1}"#;
    let greeting = "200 {\"result\":\"hello\",\"error\":null,\"id\":1}\n";
    let mut first = Client::to(&running).await;
    first.post("/", "user:pass", wait).await;
    running.table.context().waiting.notified().await;
    let mut clients = [Client::to(&running).await, Client::to(&running).await];
    for client in &mut clients {
        client.post("/", "user:pass", wait).await;
    }
    let [second, third] = &mut clients;
    // Either of the two may come first; one of them waits, the other is turned away.
    let turned_away = tokio::select! {
        answer = second.answer() => answer,
        answer = third.answer() => answer,
    };
    assert_eq!(turned_away, "503 Work queue depth exceeded");
    running.table.context().open.notify_one();
    assert_eq!(first.answer().await, greeting);
    running.table.context().waiting.notified().await;
    running.table.context().open.notify_one();
    let answer = tokio::select! {
        answer = second.answer() => answer,
        answer = third.answer() => answer,
    };
    assert_eq!(answer, greeting);
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_turn_back() {
    let running = start(|config, _| config.threads = 1).await;
    let mut first = Client::to(&running).await;
    first
        .post("/", "user:pass", r#"{"method":"waitforcustomer"}"#)
        .await;
    running.table.context().waiting.notified().await;
    let mut second = Client::to(&running).await;
    second.post("/", "user:pass", COUNT).await;
    drop(first);
    assert_eq!(second.answer().await, COUNTED);
}

#[tokio::test]
async fn silent_connections_are_closed_but_not_busy_ones() {
    let running = start(|config, _| config.timeout = Duration::from_secs(2)).await;
    let mut silent = Client::to(&running).await;
    silent.send("GET /x HTTP/1.1\r\nHost: x\r\n").await;
    let mut busy = Client::to(&running).await;
    busy.post("/", "user:pass", r#"{"method":"waitforcustomer","id":1}"#)
        .await;
    running.table.context().waiting.notified().await;
    assert!(silent.closed().await);
    let mut idle = Client::to(&running).await;
    idle.post("/", "user:pass", COUNT).await;
    assert_eq!(idle.answer().await, COUNTED);
    assert!(idle.closed().await);
    running.table.context().open.notify_one();
    assert!(busy.answer().await.starts_with("200 "));
    assert!(busy.closed().await);
}

#[tokio::test]
async fn strangers_are_dropped_before_they_speak() {
    // An address of this machine that is not a loopback one, found without sending anything.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let routed = probe
        .connect("192.0.2.1:9")
        .and_then(|()| probe.local_addr());
    let Ok(own) = routed.map(|address| address.ip()) else {
        println!("skipped: this machine has no other address than its loopback ones");
        return;
    };
    let call = async |allow: &[Subnet]| {
        let allow = allow.to_vec();
        let running = start(|config, _| {
            config.endpoints = vec![(own.to_string(), 0)];
            config.allow = allow;
        })
        .await;
        let mut client = Client::to(&running).await;
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        client
            .read_until(|bytes| bytes.starts_with(b"HTTP/1.1 405"))
            .await
    };
    assert!(!call(&[]).await);
    assert!(call(&[own.to_string().parse().unwrap()]).await);
}

#[tokio::test]
async fn stopping_answers_calls_in_flight_and_refuses_new_ones() {
    let running = start(|_, _| {}).await;
    let address = running.server.addresses()[0];
    let mut waiting = Client::to(&running).await;
    waiting
        .post("/", "user:pass", r#"{"method":"waitforcustomer","id":1}"#)
        .await;
    running.table.context().waiting.notified().await;
    let mut idle = Client::to(&running).await;
    idle.post("/", "user:pass", COUNT).await;
    assert_eq!(idle.answer().await, COUNTED);
    let table = Arc::clone(&running.table);
    let stopping = tokio::spawn(running.server.stop(SOON));
    assert!(idle.closed().await);
    table.context().open.notify_one();
    assert!(waiting.answer().await.starts_with("200 "));
    assert!(waiting.closed().await);
    timeout(SOON, stopping).await.unwrap().unwrap();
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_off() {
    let running = start(|_, _| {}).await;
    let mut waiting = Client::to(&running).await;
    waiting
        .post("/", "user:pass", r#"{"method":"waitforcustomer"}"#)
        .await;
    running.table.context().waiting.notified().await;
    timeout(SOON, running.server.stop(Duration::from_millis(50)))
        .await
        .unwrap();
    assert!(waiting.closed().await);
}

#[tokio::test]
async fn rest_needs_no_password() {
    let running = start(|_, endpoint| {
        endpoint.rest = Some(Arc::new(|request: RestRequest| RestReply {
            status: 200,
            content_type: "text/plain",
            body: format!("{} {}", request.target, request.body.len()).into_bytes(),
        }));
    })
    .await;
    let mut client = Client::to(&running).await;
    client
        .send("GET /rest/tx/00.hex?a=b HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    let (head, body) = client.reply().await;
    assert!(head.contains("\r\nContent-Type: text/plain\r\n"), "{head}");
    assert_eq!(body, "/rest/tx/00.hex?a=b 0");
}

#[tokio::test]
async fn a_taken_port_is_an_error_unless_another_endpoint_is_free() {
    let running = start(|_, _| {}).await;
    let taken = ("127.0.0.1".to_owned(), running.server.addresses()[0].port());
    assert!(
        BoundServer::bind(HttpConfig::new(vec![taken.clone()]))
            .await
            .is_err()
    );
    let free = ("127.0.0.1".to_owned(), 0);
    let bound = BoundServer::bind(HttpConfig::new(vec![taken, free]))
        .await
        .unwrap();
    assert_eq!(bound.addresses().len(), 1);
}
