//! `-getinfo`: the main facts of the node and its wallet, from several calls.

use std::io::IsTerminal as _;

use serde_json::{Map, Value, json};

use super::answer::{self, Printed, plain};
use super::call::{self, Server};
use super::convert::Params;
use super::error::CliError;

/// Cells of the bar that shows how far the download is.
const BAR_LENGTH: f64 = 20.0;

/// Colour codes, all empty where colours are off.
#[derive(Clone, Copy, Default)]
struct Colors {
    reset: &'static str,
    green: &'static str,
    blue: &'static str,
    yellow: &'static str,
    magenta: &'static str,
    cyan: &'static str,
}

impl Colors {
    const ON: Self = Self {
        reset: "\x1b[0m",
        green: "\x1b[32m",
        blue: "\x1b[34m",
        yellow: "\x1b[33m",
        magenta: "\x1b[35m",
        cyan: "\x1b[36m",
    };

    fn choose(when: &str, terminal: bool) -> Result<Self, CliError> {
        match when {
            "always" => Ok(Self::ON),
            "never" => Ok(Self::default()),
            "auto" => Ok(if terminal { Self::ON } else { Self::default() }),
            _ => Err(CliError::Color),
        }
    }
}

/// Asks the server and makes the page.
pub(crate) fn run(
    server: &Server,
    words: &[String],
    wallet: Option<&str>,
) -> Result<Printed, CliError> {
    if !words.is_empty() {
        return Err(CliError::NoArguments("getinfo"));
    }
    let calls = [
        "getnetworkinfo",
        "getblockchaininfo",
        "getwalletinfo",
        "getbalances",
    ];
    let [network, chain, wallet_info, balances] = batch(server, calls, wallet)?;
    // A node without wallet has no answer to the other two.
    for reply in [&network, &chain] {
        if !reply["error"].is_null() {
            return Ok(answer::of(reply, server.names()));
        }
    }
    let several = match wallet {
        None => wallet_balances(server)?,
        Some(_) => None,
    };
    let colors = Colors::choose(
        &server.config().get_str("color"),
        std::io::stdout().is_terminal(),
    )?;
    let facts = Facts {
        network: &network["result"],
        chain: &chain["result"],
        wallet: &wallet_info["result"],
        balance: &balances["result"]["mine"]["trusted"],
        balances: several.as_ref(),
        ticker: server.config().params().ticker,
    };
    Ok(Printed::line(&page(&facts, colors)))
}

/// Sends calls without parameters in one batch; answers them in the order asked.
pub(crate) fn batch<const N: usize>(
    server: &Server,
    methods: [&str; N],
    wallet: Option<&str>,
) -> Result<[Value; N], CliError> {
    let requests: Vec<String> = methods
        .iter()
        .enumerate()
        .map(|(id, method)| call::request(method, &Params::none(), &json!(id)))
        .collect();
    let reply = server.call(&format!("[{}]", requests.join(",")), wallet)?;
    let replies = reply.as_array().ok_or(CliError::BadReply)?;
    let mut answers = [const { Value::Null }; N];
    for reply in replies {
        let id = reply["id"].as_u64().and_then(|id| usize::try_from(id).ok());
        let place = id
            .and_then(|id| answers.get_mut(id))
            .ok_or(CliError::BadReply)?;
        *place = reply.clone();
    }
    Ok(answers)
}

/// The balance of each wallet, where several are loaded.
fn wallet_balances(server: &Server) -> Result<Option<Map<String, Value>>, CliError> {
    let ask =
        |method, wallet| server.call(&call::request(method, &Params::none(), &json!(1)), wallet);
    let listed = ask("listwallets", None)?;
    let names: Vec<&str> = listed["result"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.len() < 2 {
        return Ok(None);
    }
    let mut balances = Map::new();
    for name in names {
        let reply = ask("getbalances", Some(name))?;
        balances.insert(name.to_owned(), reply["result"]["mine"]["trusted"].clone());
    }
    Ok(Some(balances))
}

/// What the page is made of.
struct Facts<'a> {
    network: &'a Value,
    chain: &'a Value,
    wallet: &'a Value,
    balance: &'a Value,
    balances: Option<&'a Map<String, Value>>,
    ticker: &'a str,
}

fn page(facts: &Facts, colors: Colors) -> String {
    let Facts { network, chain, .. } = facts;
    let Colors {
        reset,
        green,
        blue,
        yellow,
        ..
    } = colors;
    let progress = plain(&chain["verificationprogress"])
        .parse::<f64>()
        .unwrap_or_default();
    let mut text = format!(
        "{blue}Chain: {}{reset}\nBlocks: {}\nHeaders: {}\nVerification progress: {}{:.4}%\n\
         Difficulty: {}\n\n{green}Network: in {}, out {}, total {}{reset}\nVersion: {}\n\
         Time offset (s): {}\nProxies: {}\nMin tx relay fee rate ({}/kvB): {}\n\n",
        plain(&chain["chain"]),
        plain(&chain["blocks"]),
        plain(&chain["headers"]),
        progress_bar(progress),
        progress * 100.0,
        plain(&chain["difficulty"]),
        plain(&network["connections_in"]),
        plain(&network["connections_out"]),
        plain(&network["connections"]),
        plain(&network["version"]),
        plain(&network["timeoffset"]),
        proxies(&network["networks"]),
        facts.ticker,
        plain(&network["relayfee"]),
    );
    wallet_part(facts, colors, &mut text);
    let warnings = match &network["warnings"] {
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join("\n"),
        one => plain(one).to_owned(),
    };
    let warnings = if warnings.is_empty() {
        "(none)"
    } else {
        &warnings
    };
    text.push_str(&format!("{yellow}Warnings:{reset} {warnings}"));
    text
}

fn wallet_part(facts: &Facts, colors: Colors, text: &mut String) {
    let Colors {
        reset,
        magenta,
        cyan,
        ..
    } = colors;
    let named = |name: &str| {
        if name.is_empty() {
            "\"\"".to_owned()
        } else {
            name.to_owned()
        }
    };
    if !facts.wallet.is_null() {
        let name = named(plain(&facts.wallet["walletname"]));
        let keys = plain(&facts.wallet["keypoolsize"]);
        text.push_str(&format!(
            "{magenta}Wallet: {name}{reset}\nKeypool size: {keys}\n"
        ));
        let until = plain(&facts.wallet["unlocked_until"]);
        if !until.is_empty() {
            text.push_str(&format!("Unlocked until: {until}\n"));
        }
    }
    if !facts.balance.is_null() {
        text.push_str(&format!(
            "{cyan}Balance:{reset} {}\n\n",
            plain(facts.balance)
        ));
    }
    if let Some(balances) = facts.balances {
        text.push_str(&format!("{cyan}Balances{reset}\n"));
        let width = balances
            .values()
            .map(|value| plain(value).len())
            .fold(10, usize::max);
        for (name, balance) in balances {
            text.push_str(&format!("{:>width$} {}\n", plain(balance), named(name)));
        }
        text.push('\n');
    }
}

/// A bar and a blank while blocks are downloaded, nothing when that is nearly done.
fn progress_bar(progress: f64) -> String {
    if !(0.0..0.99).contains(&progress) {
        return String::new();
    }
    let cells = |part: f64| {
        let whole = (part * BAR_LENGTH).ceil();
        (0..20).take_while(move |cell| f64::from(*cell) < whole)
    };
    let done: String = cells(progress).map(|_| '\u{2592}').collect();
    let left: String = cells(1.0 - progress).map(|_| '\u{2591}').collect();
    format!("{done}{left} ")
}

/// Each proxy with the networks behind it, in the order they are met.
fn proxies(networks: &Value) -> String {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for network in networks.as_array().into_iter().flatten() {
        let (proxy, name) = (plain(&network["proxy"]), plain(&network["name"]));
        if proxy.is_empty() {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == proxy) {
            Some((_, names)) => names.push(name),
            None => found.push((proxy, vec![name])),
        }
    }
    let listed: Vec<String> = found
        .iter()
        .map(|(proxy, names)| format!("{proxy} ({})", names.join(", ")))
        .collect();
    if listed.is_empty() {
        "n/a".to_owned()
    } else {
        listed.join(", ")
    }
}

#[cfg(test)]
mod tests;
