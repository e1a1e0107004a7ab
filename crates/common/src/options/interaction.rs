//! Options that set others when nobody sets those (Core's `InitParameterInteraction`).

use super::config::Config;
use super::spec::Program;

/// Size of the mempool, in megabytes, when no transactions are taken from peers.
const BLOCKS_ONLY_MEMPOOL: &str = "5";

impl Config {
    /// Sets what follows from other options, and returns the lines that say so in the log.
    pub fn apply_interactions(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        self.interact_listening(&mut lines);
        self.interact_proxy(&mut lines);
        self.interact_not_listening(&mut lines);
        self.interact_relay(&mut lines);
        lines
    }

    fn follow(&mut self, lines: &mut Vec<String>, cause: &str, name: &str, value: &str) {
        if self.soft_set(name, value) {
            lines.push(format!(
                "parameter interaction: {cause} -> setting -{name}={value}"
            ));
        }
    }

    fn interact_listening(&mut self, lines: &mut Vec<String>) {
        if !self.get_list("bind").is_empty() {
            self.follow(lines, "-bind set", "listen", "1");
        }
        if !self.get_list("whitebind").is_empty() {
            self.follow(lines, "-whitebind set", "listen", "1");
        }
        let connects = !self.get_list("connect").is_empty() || self.is_negated("connect");
        if connects || self.get_int("maxconnections") <= 0 {
            let cause = "-connect or -maxconnections=0 set";
            self.follow(lines, cause, "dnsseed", "0");
            self.follow(lines, cause, "listen", "0");
        }
    }

    fn interact_proxy(&mut self, lines: &mut Vec<String>) {
        let proxy = self.get_str("proxy");
        if !proxy.is_empty() && proxy != "0" {
            for name in ["listen", "natpmp", "discover"] {
                self.follow(lines, "-proxy set", name, "0");
            }
        }
    }

    fn interact_not_listening(&mut self, lines: &mut Vec<String>) {
        if !self.get_bool("listen") {
            for name in ["natpmp", "discover", "listenonion", "i2pacceptincoming"] {
                self.follow(lines, "-listen=0", name, "0");
            }
        }
        if !self.get_list("externalip").is_empty() {
            self.follow(lines, "-externalip set", "discover", "0");
        }
    }

    fn interact_relay(&mut self, lines: &mut Vec<String>) {
        if self.get_bool("blocksonly") {
            self.follow(lines, "-blocksonly=1", "whitelistrelay", "0");
            self.follow(lines, "-blocksonly=1", "maxmempool", BLOCKS_ONLY_MEMPOOL);
        }
        if self.get_bool("whitelistforcerelay") {
            self.follow(lines, "-whitelistforcerelay=1", "whitelistrelay", "1");
        }
        let nets = self.get_list("onlynet");
        let clearnet = nets
            .iter()
            .any(|net| matches!(net.to_lowercase().as_str(), "ipv4" | "ipv6"));
        if !nets.is_empty() && !clearnet {
            self.follow(lines, "-onlynet excludes IPv4 and IPv6", "dnsseed", "0");
        }
        if self.program == Program::Wallet {
            return;
        }
        if self.get_bool("disablewallet") {
            for wallet in self.get_list("wallet") {
                lines.push(format!(
                    "Parameter interaction: -disablewallet -> ignoring -wallet={wallet}"
                ));
            }
        } else if self.get_bool("blocksonly") && self.soft_set("walletbroadcast", "0") {
            lines.push(
                "Parameter interaction: -blocksonly=1 -> setting -walletbroadcast=0".to_owned(),
            );
        }
    }
}
