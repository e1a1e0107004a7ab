//! The list of peers.

use std::cmp::Ordering;

use serde_json::Value;

use super::write_to;
use crate::client::answer::plain;

/// A peer, its facts as they are printed.
pub(super) struct Peer {
    outbound: bool,
    /// Negative where it is unknown.
    min_ping: f64,
    kind: &'static str,
    network: &'static str,
    services: String,
    transport: String,
    ping: String,
    last_send: i64,
    last_recv: i64,
    last_tx: i64,
    last_block: i64,
    gets_transactions: bool,
    high_bandwidth: String,
    addresses_taken: String,
    addresses_dropped: String,
    connected: i64,
    mapped_as: i64,
    id: String,
    address: String,
    version: String,
}

/// Widths of the columns that follow their content.
pub(super) struct Widths {
    services: usize,
    taken: usize,
    dropped: usize,
    id: usize,
    address: usize,
    mapped: bool,
}

impl Peer {
    pub(super) fn read(value: &Value, network: &'static str, outbound: bool) -> Self {
        let whole = |name: &str| value[name].as_i64().unwrap_or_default();
        let seconds = |name: &str| value[name].as_f64().unwrap_or(-1.0);
        let flag = |name: &str| value[name].as_bool() == Some(true);
        let mark = |name: &str, sign| if flag(name) { sign } else { ' ' };
        let number = |name: &str| match whole(name) {
            0 => String::new(),
            count => count.to_string(),
        };
        let transport = plain(&value["transport_protocol_type"]);
        let taken = match number("addr_processed") {
            none if none.is_empty() && !flag("addr_relay_enabled") => ".".to_owned(),
            count => count,
        };
        let version = format!("{}{}", plain(&value["version"]), plain(&value["subver"]));
        Self {
            outbound,
            min_ping: seconds("minping"),
            kind: kind(plain(&value["connection_type"])),
            network,
            services: letters(&value["servicesnames"]),
            transport: transport
                .strip_prefix('v')
                .filter(|version| version.len() == 1)
                .unwrap_or(" ")
                .to_owned(),
            ping: millis(seconds("pingtime")),
            last_send: whole("lastsend"),
            last_recv: whole("lastrecv"),
            last_tx: whole("last_transaction"),
            last_block: whole("last_block"),
            gets_transactions: value["relaytxes"].as_bool() != Some(false),
            high_bandwidth: format!(
                "{}{}",
                mark("bip152_hb_to", '.'),
                mark("bip152_hb_from", '*')
            ),
            addresses_taken: taken,
            addresses_dropped: number("addr_rate_limited"),
            connected: whole("conntime"),
            mapped_as: whole("mapped_as"),
            id: plain(&value["id"]).to_owned(),
            address: plain(&value["addr"]).to_owned(),
            version: if version == "0" {
                String::new()
            } else {
                version
            },
        }
    }

    /// Incoming first, then the shortest ping.
    pub(super) fn by_direction_and_ping(&self, other: &Self) -> Ordering {
        self.outbound
            .cmp(&other.outbound)
            .then(self.min_ping.total_cmp(&other.min_ping))
    }

    fn age(&self, now: i64) -> String {
        since(self.connected, now, 60)
    }
}

impl Widths {
    pub(super) fn of(peers: &[Peer]) -> Self {
        let longest = |least: usize, text: fn(&Peer) -> &str| {
            peers
                .iter()
                .map(|peer| text(peer).len())
                .fold(least, usize::max)
        };
        Self {
            services: longest(6, |peer| &peer.services),
            taken: longest(5, |peer| &peer.addresses_taken),
            dropped: longest(6, |peer| &peer.addresses_dropped),
            id: longest(2, |peer| &peer.id),
            address: longest(0, |peer| &peer.address) + 1,
            mapped: peers.iter().any(|peer| peer.mapped_as != 0),
        }
    }
}

/// Writes the list; `shown` says whether with addresses and with versions.
pub(super) fn write_table(
    text: &mut String,
    peers: &[Peer],
    widths: &Widths,
    shown: (bool, bool),
    now: i64,
) {
    let (with_addresses, with_versions) = shown;
    let Widths {
        services,
        taken,
        dropped,
        id,
        mapped,
        ..
    } = *widths;
    let age = peers
        .iter()
        .map(|peer| peer.age(now).len())
        .fold(5, usize::max);
    let address = if with_addresses { widths.address } else { 0 };
    let asmap = if mapped { " asmap " } else { "" };
    let heads = (
        if with_addresses { "address" } else { "" },
        if with_versions { "version" } else { "" },
    );
    write_to(
        text,
        format_args!(
            "<->   type   net {:>services$}  v  mping   ping send recv  txn  blk  hb \
             {:>taken$}{:>dropped$}{:>age$} {asmap}{:>id$} {:<address$}{}\n",
            "serv", "addrp", "addrl", "age", "id", heads.0, heads.1
        ),
    );
    for peer in peers {
        let tx = match peer.last_tx {
            0 if !peer.gets_transactions => "*".to_owned(),
            last => since(last, now, 60),
        };
        let system = match (mapped, peer.mapped_as) {
            (false, _) => String::new(),
            (true, 0) => " ".repeat(7),
            (true, number) => format!("{number:>7}"),
        };
        write_to(
            text,
            format_args!(
                "{:>3} {:>6} {:>5} {:>services$} {:>2}{:>7}{:>7}{:>5}{:>5}{:>5}{:>5}  {:>2} \
                 {:>taken$}{:>dropped$}{:>age$}{system} {:>id$} {:<address$}{}\n",
                if peer.outbound { "out" } else { "in" },
                peer.kind,
                peer.network,
                peer.services,
                peer.transport,
                millis(peer.min_ping),
                peer.ping,
                since(peer.last_send, now, 1),
                since(peer.last_recv, now, 1),
                tx,
                since(peer.last_block, now, 60),
                peer.high_bandwidth,
                peer.addresses_taken,
                peer.addresses_dropped,
                peer.age(now),
                peer.id,
                if with_addresses { &peer.address } else { "" },
                if with_versions { &peer.version } else { "" },
            ),
        );
    }
    write_to(
        text,
        format_args!(
            "                {:services$}         ms     ms  sec  sec  min  min                {:>age$}\n\n",
            "", "min"
        ),
    );
}

/// The time since `then`, in units of `unit` seconds; nothing where it never was.
fn since(then: i64, now: i64, unit: i64) -> String {
    match then {
        0 => String::new(),
        then => (now.saturating_sub(then) / unit).to_string(),
    }
}

/// Seconds as whole milliseconds, nothing where unknown.
fn millis(seconds: f64) -> String {
    let millis = (1000.0 * seconds).round();
    match millis {
        _ if seconds < 0.0 => String::new(),
        _ if millis > 999_999.0 => "-".to_owned(),
        _ => millis.to_string(),
    }
}

fn kind(name: &str) -> &'static str {
    match name {
        "outbound-full-relay" => "full",
        "block-relay-only" => "block",
        "manual" => "manual",
        "feeler" => "feeler",
        "addr-fetch" => "addr",
        "private-broadcast" => "priv",
        _ => "",
    }
}

/// One letter for each service.
pub(super) fn letters(services: &Value) -> String {
    services
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| match plain(name) {
            "NETWORK_LIMITED" => Some('l'),
            "P2P_V2" => Some('2'),
            name => name
                .chars()
                .next()
                .map(|letter| letter.to_ascii_lowercase()),
        })
        .collect()
}
