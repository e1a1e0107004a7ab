//! The client: from its command line to what it prints and the code it ends with.

mod answer;
mod call;
mod convert;
mod error;
mod getinfo;
mod input;
mod ipc;
mod names;
mod netinfo;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use common::options::{CommandLine, Config, Notice, Program, help_page, version_page};
use primitives::Coin;
use serde_json::{Value, json};

use answer::Printed;
use call::Server;
use convert::Params;
use error::CliError;

/// The options that take the place of a command.
const INSTEAD_OF_COMMAND: [&str; 4] = ["addrinfo", "generate", "getinfo", "netinfo"];
/// Code of every failure that is not an answer of the server.
const FAILED: i32 = 1;

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let printed = run(std::env::args_os().collect());
    // Nobody is left to tell when the streams are closed.
    let _ = std::io::stdout().write_all(printed.out.as_bytes());
    let _ = std::io::stderr().write_all(printed.err.as_bytes());
    // A program's code has eight bits; the servers' numbers go above that.
    ExitCode::from(u8::try_from(printed.code & 0xff).unwrap_or(u8::MAX))
}

fn run(args: Vec<OsString>) -> Printed {
    let bare = args.len() < 2;
    let line = match CommandLine::parse(Program::Cli, args) {
        Ok(line) => line,
        Err(error) => return Printed::start_error(&error.to_string()),
    };
    if line.wants_version() {
        return Printed::text(version_page(Program::Cli, line.program_name()));
    }
    if bare || line.wants_help() {
        let coin = line.text("coin").and_then(|name| name.parse::<Coin>().ok());
        let debug = line.wants_debug_help();
        let page = help_page(
            Program::Cli,
            line.program_name(),
            coin.unwrap_or_default(),
            debug,
        );
        let mut printed = Printed::text(page);
        if bare {
            printed.err = "Error: too few parameters\n".to_owned();
            printed.code = FAILED;
        }
        return printed;
    }
    let mut config = match Config::load_client(line) {
        Ok(config) => config,
        Err(error) => return Printed::start_error(&error.to_string()),
    };
    let mut notices = String::new();
    for notice in config.take_notices() {
        // What belongs in a log has no place here.
        if let Notice::Stderr(text) = notice {
            notices.push_str(&text);
            notices.push('\n');
        }
    }
    let mut printed = command(&mut config).unwrap_or_else(|error| Printed {
        out: String::new(),
        err: format!("error: {error}\n"),
        code: FAILED,
    });
    printed.err.insert_str(0, &notices);
    printed
}

fn command(config: &mut Config) -> Result<Printed, CliError> {
    let mut words = config.words().to_vec();
    input::read(config, &mut words)?;
    let instead: Vec<&str> = INSTEAD_OF_COMMAND
        .into_iter()
        .filter(|name| config.get_bool(name))
        .collect();
    if instead.len() > 1 {
        let named = instead
            .iter()
            .map(|name| format!("-{name}"))
            .collect::<Vec<_>>()
            .join(", ");
        return Err(CliError::OnlyOne(named));
    }
    let server = Server::new(config);
    let wallet = match config.is_negated("rpcwallet") {
        true => None,
        false => config.opt_str("rpcwallet"),
    };
    let wallet = wallet.as_deref();
    let printed = match instead.first().copied() {
        Some("addrinfo") => answer::of(&addrinfo(&server, &words, wallet)?, server.names()),
        Some("generate") => answer::of(&generate(&server, words, wallet)?, server.names()),
        Some("getinfo") => getinfo::run(&server, &words, wallet)?,
        Some("netinfo") => netinfo::run(&server, &words, wallet)?,
        _ => {
            if words.is_empty() {
                return Err(CliError::NoCommand);
            }
            let method = words.remove(0);
            let params = match config.get_bool("named") {
                true => convert::named(&method, &words)?,
                false => convert::positional(&method, &words)?,
            };
            let id = config.get_str("rpcid");
            let request = call::request(&method, &params, &json!(id));
            answer::of(&server.call(&request, wallet)?, server.names())
        }
    };
    Ok(printed.with_warnings(server.warnings()))
}

/// `-addrinfo`: how many addresses of each network the node knows.
fn addrinfo(server: &Server, words: &[String], wallet: Option<&str>) -> Result<Value, CliError> {
    if !words.is_empty() {
        return Err(CliError::NoArguments("addrinfo"));
    }
    let request = call::request("getaddrmaninfo", &Params::none(), &json!(1));
    let reply = server.call(&request, wallet)?;
    match reply["error"]["code"].as_i64() {
        Some(code) if code == i64::from(rpc::code::METHOD_NOT_FOUND) => {
            return Err(CliError::NoAddrmanInfo);
        }
        _ if !reply["error"].is_null() => return Ok(reply),
        _ => {}
    }
    let mut known = serde_json::Map::new();
    for (network, counts) in reply["result"].as_object().into_iter().flatten() {
        let name = if network == "all_networks" {
            "total"
        } else {
            network
        };
        known.insert(name.to_owned(), counts["total"].clone());
    }
    Ok(json!({"result": {"addresses_known": known}}))
}

/// `-generate`: blocks that pay to a new address of the wallet.
fn generate(
    server: &Server,
    mut words: Vec<String>,
    wallet: Option<&str>,
) -> Result<Value, CliError> {
    let request = call::request("getnewaddress", &Params::none(), &json!(1));
    let reply = server.call(&request, wallet)?;
    if !reply["error"].is_null() {
        return Ok(reply);
    }
    let address = reply["result"]
        .as_str()
        .ok_or(CliError::BadReply)?
        .to_owned();
    if words.len() > 2 {
        return Err(CliError::GenerateArguments);
    }
    match words.first().map(String::as_str) {
        None => words.push("1".to_owned()),
        Some("0") => return Err(CliError::GenerateNothing),
        Some(_) => {}
    }
    words.insert(1, address.clone());
    let params = convert::positional("generatetoaddress", &words)?;
    let request = call::request("generatetoaddress", &params, &json!(1));
    let reply = server.call(&request, wallet)?;
    if !reply["error"].is_null() {
        return Ok(reply);
    }
    Ok(json!({"result": {"address": address, "blocks": reply["result"]}}))
}
