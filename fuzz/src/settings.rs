//! `settings.json` and the configuration file.

use common::log::LogOptions;
use common::options::fuzzing::{read, written};
use common::options::{Config, Kind, OptionSpec, Program, table};
use libfuzzer_sys::{Corpus, fuzzer_mutate};
use primitives::params::Coin;
use serde_json::{Map, Value, json};

use crate::mutate::Random;

/// Options that a child is not told: they count before `settings.json` is found.
const CHOSEN_BEFORE: [&str; 7] = [
    "chain", "coin", "datadir", "regtest", "signet", "testnet", "testnet4",
];
/// Networks, as sections of the file.
const SECTIONS: [&str; 6] = ["main", "test", "regtest", "signet", "testnet4", "nowhere"];
/// Values at a border of some rule.
const VALUES: [&str; 24] = [
    "",
    "0",
    "1",
    "2",
    "-1",
    "+7",
    " 3",
    "550",
    "65536",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "0.00001",
    "1e8",
    "21000000.1",
    "10M",
    "1t",
    "all",
    "net",
    "127.0.0.1:8332",
    "[::1]:80",
    "10.0.0.0/8",
    "user:salt$hash",
    "/tmp/./a/../b",
];

/// A program, a coin, and both files.
struct Input {
    program: u8,
    coin: u8,
    conf: Vec<u8>,
    stored: Vec<u8>,
}

impl Input {
    /// Two numbers, the configuration file up to a zero byte, and `settings.json`.
    fn decode(data: &[u8]) -> Option<Self> {
        let (&[program, coin], rest) = data.split_first_chunk()?;
        let end = rest.iter().position(|byte| *byte == 0);
        let (conf, stored) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &b"{}"[..]),
        };
        Some(Self {
            program,
            coin,
            conf: conf.to_vec(),
            stored: stored.to_vec(),
        })
    }

    fn encode(&self) -> Vec<u8> {
        [
            &[self.program, self.coin][..],
            &self.conf,
            &[0],
            &self.stored,
        ]
        .concat()
    }

    fn program(&self) -> Program {
        Program::ALL[usize::from(self.program) % Program::ALL.len()]
    }

    fn coin(&self) -> Coin {
        Coin::ALL[usize::from(self.coin) % Coin::ALL.len()]
    }
}

/// Both files, as a program reads them when it starts.
pub(crate) fn settings(data: &[u8]) -> Corpus {
    let Some(input) = Input::decode(data) else {
        return Corpus::Reject;
    };
    let (program, coin) = (input.program(), input.coin());
    let config = match read(program, coin, &input.conf, &input.stored) {
        Ok(config) => config,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Corpus::Keep;
        }
    };
    ask(&config);
    let text = written(&config);
    let again = read(program, coin, &input.conf, &text).expect("what is written can be read");
    assert_eq!(written(&again), text);
    same(&config, &again, &[]);
    // A child learns the same from its parent as it would from the files.
    let child = Config::from_snapshot(program, "fuzz", &config.snapshot_for(program));
    if program != Program::Wallet {
        same(
            &config,
            &child.expect("a child can be told"),
            &CHOSEN_BEFORE,
        );
    }
    Corpus::Keep
}

/// Asks for every option, and makes every check.
fn ask(config: &Config) {
    for spec in options(config.program()) {
        if spec.kind == Kind::Amount
            && let Err(error) = config.get_amount(spec.name)
        {
            assert!(!error.to_string().is_empty());
        }
        let _path = config.get_path(spec.name);
        assert_eq!(
            config.is_set(spec.name),
            config.opt_str(spec.name).is_some()
        );
    }
    let _logged = LogOptions::from_config(config);
    let alone = config.check_values();
    let whole = config.clone().check();
    for error in [alone.err(), whole.err()].into_iter().flatten() {
        assert!(!error.to_string().is_empty());
    }
}

fn options(program: Program) -> impl Iterator<Item = &'static OptionSpec> {
    let named = table::of(program).filter(|spec| table::find_any(spec.name).is_some());
    named.filter(move |spec| table::find(program, spec.name).is_some())
}

/// Both must say the same of every option.
fn same(one: &Config, other: &Config, but: &[&str]) {
    assert_eq!(one.params().network, other.params().network);
    for spec in options(one.program()).filter(|spec| !but.contains(&spec.name)) {
        let name = spec.name;
        assert_eq!(one.source_of(name), other.source_of(name), "{name}");
        assert_eq!(one.opt_str(name), other.opt_str(name), "{name}");
        assert_eq!(one.get_list(name), other.get_list(name), "{name}");
        assert_eq!(one.get_int(name), other.get_int(name), "{name}");
        assert_eq!(one.get_bool(name), other.get_bool(name), "{name}");
        assert_eq!(one.persistent(name), other.persistent(name), "{name}");
    }
}

/// Files with every option of every program, a few at a time.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, program) in (0u8..).zip(Program::ALL) {
        let all: Vec<_> = options(program).collect();
        for (coin, some) in (0u8..).zip(all.chunks(6)) {
            let mut random = Random::new(u32::from(coin) * 31 + u32::from(number));
            let mut conf = Vec::new();
            let mut stored = Map::new();
            for spec in some {
                conf.extend(line(spec, &mut random));
                stored.insert(spec.name.to_owned(), value(&mut random));
            }
            let input = Input {
                program: number,
                coin,
                conf,
                stored: Value::Object(stored).to_string().into_bytes(),
            };
            seeds.push(input.encode());
        }
    }
    let plain =
        |conf: &str, stored: &str| [b"\0\0", conf.as_bytes(), b"\0", stored.as_bytes()].concat();
    seeds.push(plain(
        "# a comment\nregtest=1\n[regtest]\nrpcport=18443\n",
        "{}",
    ));
    seeds.push(plain(
        "chain=test\ntest.prune=550\n",
        "{\"_warning_\": \"w\", \"dbcache\": \"300\"}\n",
    ));
    seeds.push(plain("rpcpassword=a#b\n", "[]"));
    seeds.push(plain(
        "",
        "{\"wallet\": [\"a\", \"b\"], \"prune\": false, \"par\": 1e3}",
    ));
    seeds
}

/// A line that names an option in one of the ways there are.
fn line(spec: &OptionSpec, random: &mut Random) -> Vec<u8> {
    let section = match random.below(6) {
        0 => format!("{}.", random.pick(&SECTIONS)),
        1 => format!("[{}]\n", random.pick(&SECTIONS)),
        _ => String::new(),
    };
    let no = if random.below(8) == 0 { "no" } else { "" };
    let value = random.pick(&VALUES);
    format!("{section}{no}{}={value}\n", spec.name).into_bytes()
}

fn value(random: &mut Random) -> Value {
    let text = random.pick(&VALUES);
    match random.below(8) {
        0 => json!(random.below(2) == 0),
        1 => serde_json::from_str(text).unwrap_or(Value::Null),
        2 => json!([text, random.pick(&VALUES)]),
        3 => json!({ text: 1 }),
        4 => json!([[text], null, 1.5]),
        _ => json!(text),
    }
}

/// A mutator that knows lines and members.
pub(crate) fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random::new(seed);
    let Some(mut input) = Input::decode(&data[..size]) else {
        return fuzzer_mutate(data, size, max_size);
    };
    for _ in 0..=random.below(3) {
        match random.below(12) {
            0 => input.program = random.byte(),
            1 => input.coin = random.byte(),
            2..7 => change_conf(&mut input, &mut random),
            _ => change_stored(&mut input, &mut random),
        }
    }
    put(data, size, max_size, &input.encode())
}

/// Puts an input into the fuzzer's place, where it fits.
pub(crate) fn put(data: &mut [u8], size: usize, max_size: usize, new: &[u8]) -> usize {
    match data.get_mut(..new.len()) {
        Some(place) if new.len() <= max_size => {
            place.copy_from_slice(new);
            new.len()
        }
        _ => size,
    }
}

/// Changes some bytes blindly.
pub(crate) fn blind(bytes: &mut Vec<u8>) {
    let size = bytes.len();
    let most = size + 16;
    bytes.resize(most, 0);
    let size = fuzzer_mutate(bytes, size, most);
    bytes.truncate(size);
}

fn any_option(input: &Input, random: &mut Random) -> &'static OptionSpec {
    let all: Vec<_> = options(input.program()).collect();
    random.pick(&all)
}

fn change_conf(input: &mut Input, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> = input
        .conf
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let place = random.below(lines.len() + 1);
    match random.below(6) {
        0 if place < lines.len() => drop(lines.remove(place)),
        1 if place < lines.len() => lines.push(lines[place].clone()),
        2 if place < lines.len() => lines.swap(0, place),
        3 if place < lines.len() => blind(&mut lines[place]),
        _ => lines.insert(place, line(any_option(input, random), random)),
    }
    input.conf = lines.concat();
    // A zero byte would end the file.
    input.conf.retain(|byte| *byte != 0);
}

fn change_stored(input: &mut Input, random: &mut Random) {
    let read: Option<Map<String, Value>> = serde_json::from_slice(&input.stored).ok();
    let Some(mut members) = read.filter(|_| random.below(6) > 0) else {
        blind(&mut input.stored);
        return;
    };
    let known = members.keys().nth(random.below(members.len())).cloned();
    match (random.below(4), known) {
        (0, Some(name)) => drop(members.remove(&name)),
        (1, Some(name)) => drop(members.insert(name, value(random))),
        _ => {
            let name = any_option(input, random).name.to_owned();
            members.insert(name, value(random));
        }
    }
    input.stored = Value::Object(members).to_string().into_bytes();
}
