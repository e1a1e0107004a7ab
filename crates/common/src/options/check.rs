//! Values that cannot be, and options that cannot go together (Core's `AppInitParameterInteraction` and the checks at
//! the head of `AppInitMain`).

use primitives::{Network, params};
use serde_json::Value;

use super::chain_override::whole;
use super::config::Config;
use super::error::OptionsError;
use super::table;

/// Weight that mining must keep free at least.
const MIN_RESERVED_WEIGHT: u64 = 2000;
/// Most transactions that may hang together in the mempool.
const MAX_CLUSTER_COUNT: i64 = 64;
/// Smallest space for block files with automatic pruning, in MiB.
const MIN_PRUNE_TARGET: i64 = 550;
/// Longest name under which peers see a node, in bytes (BIP14).
const MAX_USER_AGENT: usize = 256;

type Checked = Result<(), OptionsError>;

fn refuse(text: impl Into<String>) -> Checked {
    Err(OptionsError::Value(text.into()))
}

impl Config {
    /// Checks all values, puts the options that change a test chain into effect, and returns warnings to show at
    /// start.
    ///
    /// To be called after [`Config::apply_interactions`].
    ///
    /// # Errors
    /// The first fault, as the one line to show.
    pub fn check(&mut self) -> Result<Vec<String>, OptionsError> {
        let mut warnings = self.check_sections()?;
        self.check_before_chain(&mut warnings)?;
        self.override_chain()?;
        self.check_after_chain()?;
        Ok(warnings)
    }

    /// Checks all values as [`Config::check`] does, on the chain as it is.
    ///
    /// # Errors
    /// As [`Config::check`].
    pub fn check_values(&self) -> Result<(), OptionsError> {
        let mut warnings = self.check_sections()?;
        self.check_before_chain(&mut warnings)?;
        self.check_after_chain()
    }

    fn check_before_chain(&self, warnings: &mut Vec<String>) -> Checked {
        self.check_storage()?;
        self.check_listening()?;
        self.check_mining()?;
        self.check_test_options(warnings)
    }

    fn check_after_chain(&self) -> Checked {
        self.check_chain_values()?;
        self.check_mempool()?;
        self.check_network_values()?;
        self.check_ports()?;
        self.check_wallets()
    }

    fn check_sections(&self) -> Result<Vec<String>, OptionsError> {
        let mut warnings = Vec::new();
        for (name, text) in [
            ("checkpoints", "checkpoints were removed"),
            (
                "limitancestorsize",
                "ancestor size limits have been replaced with cluster size limits (see -limitclustersize)",
            ),
            (
                "limitdescendantsize",
                "descendant size limits have been replaced with cluster size limits (see -limitclustersize)",
            ),
        ] {
            if self.is_set(name) {
                let verb = if name == "checkpoints" {
                    "is set"
                } else {
                    "is given"
                };
                warnings.push(format!(
                    "Option '-{name}' {verb} but {text}. This option has no effect."
                ));
            }
        }
        let chain = self.params.network.id();
        if self.params.network != Network::Main {
            let unsuitable = table::of(self.program)
                .filter(|spec| spec.network_only)
                .filter(|spec| self.settings.only_in_default_section(chain, spec.name))
                .map(|spec| {
                    format!(
                        "Config setting for -{} only applied on {chain} network when in [{chain}] section.",
                        spec.name
                    )
                });
            let unsuitable: Vec<String> = unsuitable.collect();
            if !unsuitable.is_empty() {
                return Err(OptionsError::WrongSection(unsuitable.join("\n")));
            }
        }
        let unknown: Vec<String> = self
            .sections
            .iter()
            .filter(|used| used.name.parse::<Network>().is_err())
            .map(|used| {
                format!(
                    "{}:{} Section [{}] is not recognized.",
                    used.file, used.line, used.name
                )
            })
            .collect();
        if !unknown.is_empty() {
            warnings.push(unknown.join("\n"));
        }
        Ok(warnings)
    }

    fn check_storage(&self) -> Checked {
        self.blocks_dir()?;
        let filter = self.get_str("blockfilterindex");
        if !matches!(filter.as_str(), "" | "0" | "1") {
            for name in self.get_list("blockfilterindex") {
                if name != "basic" {
                    return refuse(format!("Unknown -blockfilterindex value {name}."));
                }
            }
        }
        if self.get_bool("peerblockfilters") && filter == "0" && self.is_set("peerblockfilters") {
            return refuse("Cannot set -peerblockfilters without -blockfilterindex.");
        }
        let prune = self.get_int("prune");
        if prune != 0 {
            for name in ["txindex", "txospenderindex"] {
                if self.get_bool(name) {
                    return refuse(format!("Prune mode is incompatible with -{name}."));
                }
            }
            if self.get_bool("reindex-chainstate") {
                return refuse(
                    "Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.",
                );
            }
        }
        Ok(())
    }

    fn check_listening(&self) -> Checked {
        if self.get_bool("forcednsseed") && !self.get_bool("dnsseed") {
            return refuse("Cannot set -forcednsseed to true when setting -dnsseed to false.");
        }
        let binds = !self.get_list("bind").is_empty() || !self.get_list("whitebind").is_empty();
        if binds && !self.get_bool("listen") {
            return refuse("Cannot set -bind or -whitebind together with -listen=0");
        }
        if !self.get_bool("listen") && self.get_bool("listenonion") {
            return refuse("Cannot set -listen=0 together with -listenonion=1");
        }
        if self.get_int("maxconnections") < 0 {
            return refuse("-maxconnections must be greater or equal than zero");
        }
        if self.get_int("peertimeout") <= 0 {
            return refuse("peertimeout must be a positive integer.");
        }
        Ok(())
    }

    fn check_mining(&self) -> Checked {
        self.get_amount("blockmintxfee")?;
        let weight = |name: &str| u64::try_from(self.get_int(name)).unwrap_or(0);
        let (reserved, most) = (weight("blockreservedweight"), weight("blockmaxweight"));
        let limit = u64::from(params::MAX_BLOCK_WEIGHT);
        if reserved < MIN_RESERVED_WEIGHT {
            return refuse(format!(
                "-blockreservedweight ({reserved}) is lower than minimum safety value of ({MIN_RESERVED_WEIGHT})"
            ));
        }
        for (name, value) in [("blockreservedweight", reserved), ("blockmaxweight", most)] {
            if value > limit {
                return refuse(format!(
                    "-{name} ({value}) exceeds consensus maximum block weight ({limit})"
                ));
            }
        }
        if reserved > most {
            return refuse(format!(
                "-blockreservedweight ({reserved}) exceeds -blockmaxweight ({most})"
            ));
        }
        Ok(())
    }

    fn check_test_options(&self, warnings: &mut Vec<String>) -> Checked {
        let options = self.get_list("test");
        if !options.is_empty() && self.params.network != Network::Regtest {
            return refuse("-test=<option> can only be used with regtest");
        }
        for option in options {
            if !matches!(
                option.as_str(),
                "addrman" | "reindex_after_failure_noninteractive_yes" | "bip94"
            ) {
                warnings.push(format!(
                    "Unrecognised option \"{option}\" provided in -test=<option>."
                ));
            }
        }
        Ok(())
    }

    fn check_chain_values(&self) -> Checked {
        if let Some(text) = self.opt_str("minimumchainwork")
            && user_hex(&text).is_none()
        {
            return refuse(format!(
                "Invalid minimum work specified ({text}), must be up to 64 hex digits"
            ));
        }
        if let Some(text) = self.opt_str("assumevalid")
            && user_hex(&text).is_none()
        {
            return refuse(format!(
                "Invalid assumevalid block hash specified ({text}), must be up to 64 hex digits (or 0 to disable)"
            ));
        }
        let threads = self.get_int("prevoutfetchthreads");
        if threads < 0 {
            return refuse(format!(
                "-prevoutfetchthreads must be non-negative (got {threads}). Use 0 to disable parallel input fetching."
            ));
        }
        match self.get_int("prune") {
            ..=-1 => refuse("Prune cannot be configured with a negative value."),
            2..MIN_PRUNE_TARGET => refuse(format!(
                "Prune configured below the minimum of {MIN_PRUNE_TARGET} MiB.  Please use a higher number."
            )),
            _ => Ok(()),
        }
    }

    fn check_mempool(&self) -> Checked {
        for name in ["incrementalrelayfee", "minrelaytxfee", "dustrelayfee"] {
            self.get_amount(name)?;
        }
        let chain = self.params.network.id();
        if !self.params.is_test_chain && self.get_bool("acceptnonstdtxn") {
            return refuse(format!(
                "acceptnonstdtxn is not currently supported for {chain} chain"
            ));
        }
        if self.get_int("limitclustercount") > MAX_CLUSTER_COUNT {
            return refuse(format!(
                "limitclustercount must be less than or equal to {MAX_CLUSTER_COUNT}"
            ));
        }
        if self.get_bool("acceptstalefeeestimates") && self.params.network != Network::Regtest {
            return refuse(format!(
                "acceptstalefeeestimates is not supported on {chain} chain."
            ));
        }
        Ok(())
    }

    fn check_network_values(&self) -> Checked {
        let target = self.get_str("maxuploadtarget");
        if byte_units(&target).is_none() {
            return refuse(format!("Unable to parse -maxuploadtarget: '{target}'"));
        }
        let nets = self.get_list("onlynet");
        for net in &nets {
            if !matches!(
                net.to_lowercase().as_str(),
                "ipv4" | "ipv6" | "onion" | "i2p" | "cjdns"
            ) {
                return refuse(format!("Unknown network specified in -onlynet: '{net}'"));
            }
        }
        let reaches =
            |name: &str| nets.is_empty() || nets.iter().any(|net| net.eq_ignore_ascii_case(name));
        if !nets.is_empty() && reaches("cjdns") && !self.is_set("cjdnsreachable") {
            return refuse(
                "Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not provided",
            );
        }
        self.check_user_agent()?;
        if self.opt_bool("dnsseed") == Some(true) && !reaches("ipv4") && !reaches("ipv6") {
            return refuse(
                "Incompatible options: -dnsseed=1 was explicitly specified, but -onlynet forbids connections to \
                 IPv4/IPv6",
            );
        }
        for text in self.get_list("proxy") {
            check_proxy(&text)?;
        }
        if self.get_bool("privatebroadcast") {
            let tor = self.get_bool("listenonion") && reaches("onion");
            let proxied = reaches("onion") && (self.has_text("proxy") || self.has_text("onion"));
            let i2p = reaches("i2p") && self.has_text("i2psam");
            if !(tor || proxied || i2p) {
                return refuse(
                    "Private broadcast of own transactions requested (-privatebroadcast), but none of Tor or I2P \
                     networks is reachable",
                );
            }
            if !self.get_list("connect").is_empty() || self.is_negated("connect") {
                return refuse(
                    "Private broadcast of own transactions requested (-privatebroadcast), but -connect is also \
                     configured. They are incompatible because the private broadcast needs to open new connections \
                     to randomly chosen Tor or I2P peers. Consider using -maxconnections=0 -addnode=... instead",
                );
            }
        }
        Ok(())
    }

    fn has_text(&self, name: &str) -> bool {
        self.opt_str(name)
            .is_some_and(|text| !text.is_empty() && text != "0")
    }

    fn check_user_agent(&self) -> Checked {
        let comments = self.get_list("uacomment");
        for comment in &comments {
            let safe = |char: char| char.is_ascii_alphanumeric() || " .,;-_?@".contains(char);
            if !comment.chars().all(safe) {
                return refuse(format!(
                    "User Agent comment ({comment}) contains unsafe characters."
                ));
            }
        }
        let length = self.user_agent().len();
        if length > MAX_USER_AGENT {
            return refuse(format!(
                "Total length of network version string ({length}) exceeds maximum length ({MAX_USER_AGENT}). Reduce \
                 the number or size of uacomments."
            ));
        }
        Ok(())
    }

    /// Returns the name under which peers see this node (BIP14): `/bitq:<version>(<comments>)/`.
    pub fn user_agent(&self) -> String {
        let comments = self.get_list("uacomment");
        let comments = if comments.is_empty() {
            String::new()
        } else {
            format!("({})", comments.join("; "))
        };
        format!(
            "/{}:{}{comments}/",
            self.params.user_agent_name,
            crate::VERSION
        )
    }

    fn check_ports(&self) -> Checked {
        let port_error = |name: &str, text: &str| {
            Err(OptionsError::Port {
                name: format!("-{name}"),
                text: text.to_owned(),
            })
        };
        for name in ["port", "rpcport"] {
            if let Some(text) = self.opt_str(name)
                && !matches!(whole::<u16>(&text), Some(1..))
            {
                return port_error(name, &text);
            }
        }
        // Whether a socket file may stand there, and whether `=something` may follow.
        for (name, socket, suffix) in [
            ("i2psam", false, false),
            ("onion", true, false),
            ("proxy", true, true),
            ("bind", false, true),
            ("rpcbind", false, false),
            ("torcontrol", false, false),
            ("whitebind", false, false),
            ("zmqpubhashblock", true, false),
            ("zmqpubhashtx", true, false),
            ("zmqpubrawblock", true, false),
            ("zmqpubrawtx", true, false),
            ("zmqpubsequence", true, false),
        ] {
            for text in self.get_list(name) {
                let address = if suffix {
                    text.rsplit_once('=').map_or(text.as_str(), |(a, _)| a)
                } else {
                    &text
                };
                if split_host_port(address).is_none() && !(socket && text.starts_with("unix:")) {
                    return port_error(name, &text);
                }
            }
        }
        Ok(())
    }

    fn check_wallets(&self) -> Checked {
        if self.get_bool("disablewallet") {
            return Ok(());
        }
        let values = self.list_values("wallet");
        if values.into_iter().all(Value::is_string) {
            Ok(())
        } else {
            refuse(
                "Invalid value detected for '-wallet' or '-nowallet'. '-wallet' requires a string value, while \
                 '-nowallet' accepts only '1' to disable all wallets",
            )
        }
    }
}

fn check_proxy(text: &str) -> Checked {
    let Some((address, network)) = text.rsplit_once('=') else {
        return Ok(());
    };
    if network.is_empty() {
        return refuse(format!(
            "Invalid -proxy address or hostname, ends with '=': '{text}'"
        ));
    }
    if address.is_empty() {
        return Ok(());
    }
    match network.to_lowercase().as_str() {
        "ipv4" | "ipv6" | "onion" | "tor" | "cjdns" => Ok(()),
        other => refuse(format!(
            "Unrecognized network in -proxy='{text}': '{other}'"
        )),
    }
}

/// Reads a number of 256 bits as people write it: up to 64 hex digits, perhaps after `0x`. Returns all 64 digits.
pub fn user_hex(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let good = digits.len() <= 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| format!("{:0>64}", digits.to_ascii_lowercase()))
}

/// Reads a number of bytes with a unit: `k`, `m`, `g`, `t` by 1000, the capitals by 1024, none means `M`.
pub fn byte_units(text: &str) -> Option<u64> {
    let (digits, unit) = match text.chars().last()? {
        'k' => (&text[..text.len() - 1], 1000),
        'K' => (&text[..text.len() - 1], 1 << 10),
        'm' => (&text[..text.len() - 1], 1_000_000),
        'M' => (&text[..text.len() - 1], 1 << 20),
        'g' => (&text[..text.len() - 1], 1_000_000_000),
        'G' => (&text[..text.len() - 1], 1 << 30),
        't' => (&text[..text.len() - 1], 1_000_000_000_000),
        'T' => (&text[..text.len() - 1], 1 << 40),
        _ => (text, 1 << 20),
    };
    whole::<u64>(digits)?.checked_mul(unit)
}

/// Takes `host`, `host:port`, `[v6]` or `[v6]:port` apart; `None` if what stands for the port is none.
pub fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let bare = |host: &'_ str| -> (usize, usize) {
        if host.len() >= 2 && host.starts_with('[') && host.ends_with(']') {
            (1, host.len() - 1)
        } else {
            (0, host.len())
        }
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port))
            if host.is_empty()
                || (host.starts_with('[') && host.ends_with(']'))
                || !host.contains(':') =>
        {
            (host, Some(whole::<u16>(port).filter(|port| *port != 0)?))
        }
        _ => (text, None),
    };
    let (from, to) = bare(host);
    Some((&host[from..to], port))
}
