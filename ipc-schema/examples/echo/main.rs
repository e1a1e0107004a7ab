//! Measures Core's `Echo` of a real child beside a bare ping-pong of messages of the same size over
//! the same kind of socket, and beside `capnp-rpc` with its own network and nothing else:
//! `echo <program> [rounds [calls]]`, where `self` is a child that serves nothing but itself.
//! Rounds of all three alternate, so that they meet the same load.

mod bare;
#[rustfmt::skip]
#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::unimplemented,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "written by capnpc"
)]
mod generated;
mod library;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ipc_schema::{Connection, Ipc, IpcConfig, Limits, ServiceSet, Services};

/// The text that goes there and back.
const TEXT: &str = "thirty-two bytes of text to echo";
/// Calls before the first that counts.
const WARM: u32 = 2000;

/// A failure, for one line.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.first().map(String::as_str) {
        Some("bare") => bare::answer(),
        Some("library") => library::answer(),
        Some("-ipcfd") => serve(args.get(1).map_or("", String::as_str)),
        Some(program) => {
            let number = |at: usize, default: u32| {
                let text = args.get(at);
                text.and_then(|text| text.parse().ok()).unwrap_or(default)
            };
            compare(Path::new(program), number(1, 25), number(2, 2000))
        }
        None => Err("Usage: echo <program> [rounds [calls]]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("Error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves a parent, as the node does before it is started.
fn serve(descriptor: &str) -> Outcome {
    let socket = ipc_schema::inherited_socket(descriptor)?;
    let (runtime, ipc) = start()?;
    let services = Services::new(ServiceSet::default());
    runtime.block_on(async {
        ipc.serve_parent(socket, &services).await?.closed().await;
        Ok(())
    })
}

fn start() -> Outcome<(tokio::runtime::Runtime, Ipc)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let ipc = Ipc::start(IpcConfig {
        program: "echo".to_owned(),
        runtime: runtime.handle().clone(),
        limits: Limits::default(),
    })?;
    Ok((runtime, ipc))
}

/// Nanoseconds of the calls of one way: all of them, and the percentiles of each round.
#[derive(Default)]
struct Times {
    all: Vec<u64>,
    rounds: Vec<[f64; 2]>,
}

impl Times {
    fn add(&mut self, mut round: Vec<u64>) {
        round.sort_unstable();
        self.rounds.push([at(&round, 50), at(&round, 99)]);
        self.all.extend(round);
    }

    /// The middle of the rounds' own factors over the same rounds of `other`.
    fn factor(&self, other: &Self, index: usize) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        let mut factors: Vec<f64> = pairs.map(|(a, b)| a[index] / b[index]).collect();
        factors.sort_by(f64::total_cmp);
        factors.get(factors.len() / 2).copied().unwrap_or_default()
    }
}

fn compare(program: &Path, rounds: u32, calls: u32) -> Outcome {
    let (runtime, ipc) = start()?;
    let program: PathBuf = if program == Path::new("self") {
        std::env::current_exe()?
    } else {
        program.canonicalize()?
    };
    let (connection, child) = runtime.block_on(ipc.spawn(&program))?;
    let echo = |calls| runtime.block_on(Connection::echo(&connection, TEXT.to_owned(), calls));
    let mut bare = bare::Caller::start()?;
    let mut library = library::Caller::start()?;
    bare.round(WARM)?;
    library.round(WARM)?;
    echo(WARM)?;
    let [mut by_socket, mut by_library, mut by_us] = [(); 3].map(|()| Times::default());
    for _ in 0..rounds {
        by_socket.add(bare.round(calls)?);
        by_library.add(library.round(calls)?);
        by_us.add(echo(calls)?);
    }
    bare.end()?;
    library.end()?;
    connection.close();
    runtime.block_on(child.end());
    say(&format!(
        "IPC echo, {rounds} rounds of {calls} calls, {} bytes there and {} back",
        bare::CALL,
        bare::RETURN,
    ));
    say("                 p50 µs   p90 µs   p99 µs   x bare: p50   p99   by rounds: p50   p99");
    for (name, mut times) in [("capnp-rpc alone", by_library), ("bitq", by_us)] {
        if name != "bitq" {
            by_socket.all.sort_unstable();
            say(&percentiles("bare socket", &by_socket.all));
        }
        times.all.sort_unstable();
        let over = |part| at(&times.all, part) / at(&by_socket.all, part);
        say(&format!(
            "{}        {:5.2} {:5.2}          {:5.2} {:5.2}",
            percentiles(name, &times.all),
            over(50),
            over(99),
            times.factor(&by_socket, 0),
            times.factor(&by_socket, 1)
        ));
    }
    say("at most                                             3.50  4.00");
    Ok(())
}

fn percentiles(name: &str, sorted: &[u64]) -> String {
    let [p50, p90, p99] = [50, 90, 99].map(|part| at(sorted, part));
    format!("{name:<15}{p50:8.1} {p90:8.1} {p99:8.1}")
}

/// The value below which `part` of a hundred lie, in microseconds.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 ns")]
fn at(sorted: &[u64], part: usize) -> f64 {
    let index = (sorted.len() * part / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(index)
        .map_or(0.0, |nanos| *nanos as f64 / 1000.0)
}

/// The one place where this program prints.
fn say(text: &str) {
    // A closed terminal ends nothing.
    drop(writeln!(std::io::stdout(), "{text}"));
}
