//! `-netinfo`: the node's connections as a table.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use common::{CLIENT_NAME, VERSION};
use primitives::Network;
use serde_json::Value;

use super::answer::{self, Printed, plain};
use super::call::Server;
use super::error::CliError;
use super::getinfo::batch;
use super::names::Names;

mod peer;

use peer::{Peer, Widths};

/// Highest level; higher ones count as this.
const MAX_LEVEL: u8 = 4;
/// Networks by the names of the node, with the short names of the table.
const NETWORKS: [(&str, &str); 7] = [
    ("not_publicly_routable", "npr"),
    ("ipv4", "ipv4"),
    ("ipv6", "ipv6"),
    ("onion", "onion"),
    ("i2p", "i2p"),
    ("cjdns", "cjdns"),
    ("internal", "int"),
];
/// Networks that are shown only where there are connections, by place in [`NETWORKS`].
const SHOWN_IF_USED: [usize; 2] = [0, 6];

/// What the arguments ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct View {
    level: u8,
    outbound_only: bool,
}

impl View {
    fn read(words: &[String], names: &Names) -> Result<Self, CliError> {
        let client = || names.client.clone();
        let Some(first) = words.first() else {
            return Ok(Self::default());
        };
        let level = first.parse::<u8>();
        let level = level.map_err(|_| CliError::NetinfoLevel(first.clone(), client()))?;
        let outbound_only = match words.get(1).map(String::as_str) {
            None => false,
            Some("o" | "outonly") if level > 0 => true,
            Some(other) if level > 0 => {
                return Err(CliError::NetinfoOutonly(other.to_owned(), client()));
            }
            Some(other) => return Err(CliError::NetinfoNoList(other.to_owned(), client())),
        };
        Ok(Self {
            level: level.min(MAX_LEVEL),
            outbound_only,
        })
    }

    fn with_addresses(self) -> bool {
        matches!(self.level, 2 | 4)
    }

    fn with_versions(self) -> bool {
        matches!(self.level, 3 | 4)
    }
}

/// Asks the server and makes the page, or explains it.
pub(crate) fn run(
    server: &Server,
    words: &[String],
    wallet: Option<&str>,
) -> Result<Printed, CliError> {
    if words
        .first()
        .is_some_and(|word| word == "h" || word == "help")
    {
        return Ok(Printed::line(&help(&server.names().client)));
    }
    let view = View::read(words, server.names())?;
    let [peers, network] = batch(server, ["getpeerinfo", "getnetworkinfo"], wallet)?;
    for reply in [&peers, &network] {
        if !reply["error"].is_null() {
            return Ok(answer::of(reply, server.names()));
        }
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let chain = server.config().params().network;
    Ok(Printed::line(&page(
        view,
        &peers["result"],
        &network["result"],
        chain,
        now,
    )))
}

/// How many peers there are: rows in, out and both; columns by [`NETWORKS`], the last for all.
#[derive(Default)]
struct Counts {
    rows: [[u32; NETWORKS.len() + 1]; 3],
    block_relay: u32,
    manual: u32,
}

impl Counts {
    fn add(&mut self, network: usize, outbound: bool, kind: &str) {
        for row in [usize::from(outbound), 2] {
            self.rows[row][network] += 1;
            self.rows[row][NETWORKS.len()] += 1;
        }
        self.block_relay += u32::from(kind == "block-relay-only");
        self.manual += u32::from(kind == "manual");
    }
}

fn network_of(name: &str) -> Option<usize> {
    NETWORKS.iter().position(|(known, _)| *known == name)
}

fn page(view: View, peers: &Value, network: &Value, chain: Network, now: i64) -> String {
    let mut counts = Counts::default();
    let mut listed = Vec::new();
    for value in peers.as_array().into_iter().flatten() {
        let Some(index) = network_of(plain(&value["network"])) else {
            continue;
        };
        let outbound = value["inbound"].as_bool() == Some(false);
        counts.add(index, outbound, plain(&value["connection_type"]));
        if view.level > 0 && (outbound || !view.outbound_only) {
            listed.push(Peer::read(value, NETWORKS[index].1, outbound));
        }
    }
    let services = &network["localservicesnames"];
    let mut text = format!("{CLIENT_NAME} client v{VERSION}");
    if chain != Network::Main {
        write_to(&mut text, format_args!(" {}", chain_word(chain)));
    }
    write_to(
        &mut text,
        format_args!(
            " - server {}{}",
            plain(&network["protocolversion"]),
            plain(&network["subversion"])
        ),
    );
    if view.level > 0 {
        write_to(
            &mut text,
            format_args!(" - services {}", peer::letters(services)),
        );
    }
    text.push_str("\n\n");
    if !listed.is_empty() {
        listed.sort_by(Peer::by_direction_and_ping);
        let widths = Widths::of(&listed);
        peer::write_table(
            &mut text,
            &listed,
            &widths,
            (view.with_addresses(), view.with_versions()),
            now,
        );
    }
    write_counts(&mut text, &counts, &network["networks"]);
    if view.level == 0 {
        write_to(
            &mut text,
            format_args!("\n\nLocal services: {}", service_words(services)),
        );
    }
    write_addresses(&mut text, &network["localaddresses"]);
    text
}

/// The chain by the word of the option that chooses it.
fn chain_word(chain: Network) -> &'static str {
    match chain {
        Network::Test => "testnet",
        other => other.id(),
    }
}

fn write_counts(text: &mut String, counts: &Counts, networks: &Value) {
    text.push_str("     ");
    let mut columns = Vec::new();
    for network in networks.as_array().into_iter().flatten() {
        let name = plain(&network["name"]);
        match network_of(name) {
            Some(index) if network["reachable"].as_bool() == Some(true) => {
                write_to(text, format_args!("{name:>8}"));
                columns.push(index);
            }
            _ => {}
        }
    }
    for index in SHOWN_IF_USED {
        if counts.rows[2][index] > 0 {
            write_to(text, format_args!("{:>8}", NETWORKS[index].1));
            columns.push(index);
        }
    }
    text.push_str("   total   block");
    if counts.manual > 0 {
        text.push_str("  manual");
    }
    for (row, name) in ["in", "out", "total"].into_iter().enumerate() {
        write_to(text, format_args!("\n{name:<5}"));
        for column in &columns {
            write_to(text, format_args!("{:>8}", counts.rows[row][*column]));
        }
        write_to(
            text,
            format_args!("   {:>5}", counts.rows[row][NETWORKS.len()]),
        );
        if name == "out" {
            write_to(text, format_args!("   {:>5}", counts.block_relay));
            if counts.manual > 0 {
                write_to(text, format_args!("   {:>5}", counts.manual));
            }
        }
    }
}

fn write_addresses(text: &mut String, addresses: &Value) {
    text.push_str("\n\nLocal addresses");
    let addresses = addresses.as_array().map(Vec::as_slice).unwrap_or_default();
    if addresses.is_empty() {
        text.push_str(": n/a\n");
        return;
    }
    let longest = addresses
        .iter()
        .map(|one| plain(&one["address"]).len())
        .max();
    let width = longest.unwrap_or(0) + 1;
    for one in addresses {
        let (address, port, score) = (
            plain(&one["address"]),
            plain(&one["port"]),
            plain(&one["score"]),
        );
        write_to(
            text,
            format_args!("\n{address:<width$}    port {port:>6}    score {score:>6}"),
        );
    }
}

fn service_words(services: &Value) -> String {
    let words: Vec<String> = services
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| plain(name).to_lowercase().replace('_', " "))
        .collect();
    words.join(", ")
}

fn write_to(text: &mut String, args: std::fmt::Arguments) {
    text.write_fmt(args)
        .expect("writing to a string does not fail");
}

fn help(client: &str) -> String {
    format!(
        "-netinfo (level [outonly]) | help

Shows the connections of the node, for people: the layout may change. The data come from getpeerinfo and
getnetworkinfo.

Arguments:
1. level (integer 0-{MAX_LEVEL}, optional, default 0)
     0 - Numbers of connections by network, and the node's own addresses
     1 - Also a list of the peers
     2 - Also their addresses
     3 - Also their versions instead
     4 - Addresses and versions
2. outonly (\"outonly\" or \"o\", optional)  List only the connections that the node made; needs a level above 0
\"help\" or \"h\"  Prints this text

Columns of the list, which is sorted by direction and shortest ping:
  <->      in: the peer connected to us; out: we to it
  type     full, block (blocks only), manual (asked for by the user), feeler (a short trial), addr (asks for
           addresses), priv (sends own transactions)
  net      Network of the peer; npr: not publicly routable
  serv     Services: n all blocks, b bloom filters, w witnesses, c compact filters, l the last 288 blocks,
           2 transport version 2, u unknown
  v        Version of the transport
  mping    Shortest ping, in ms
  ping     Last ping, in ms
  send     Seconds since something was sent
  recv     Seconds since something was received
  txn      Minutes since a new transaction came; * for a peer that gets none
  blk      Minutes since a new block came
  hb       High-bandwidth compact blocks: . we asked for them, * the peer did
  addrp    Addresses taken from the peer; . for a peer that exchanges none
  addrl    Addresses dropped because there were too many
  age      Minutes since the connection was made
  asmap    Number of the autonomous system, with -asmap
  id       Number of the connection
  address  Address and port
  version  Version and user agent

Examples:
> {client} -netinfo
> {client} -netinfo {MAX_LEVEL} outonly
> watch --interval 1 --no-title {client} -netinfo {MAX_LEVEL}"
    )
}

#[cfg(test)]
mod tests;
