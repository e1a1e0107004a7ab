//! Finds and reads test vectors, which are not part of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The directory with vectors of Bitcoin Core and the BIPs, and with blocks: `BITQ_VECTORS`, or
/// `../shared/vectors` beside the workspace. Prints a line and gives `None` where there is none.
pub fn vectors_dir() -> Option<PathBuf> {
    let dir = std::env::var_os("BITQ_VECTORS").map_or_else(|| shared("vectors"), PathBuf::from);
    existing(dir, "set BITQ_VECTORS to their directory")
}

/// The directory with `chains.toml` and `vectors.json`: `chains` beside the vectors. Prints a line
/// and gives `None` where there is none.
pub fn chains_dir() -> Option<PathBuf> {
    let dir = match std::env::var_os("BITQ_VECTORS") {
        Some(vectors) => Path::new(&vectors).join("../chains"),
        None => shared("chains"),
    };
    existing(
        dir,
        "they stand in `chains` beside the directory that BITQ_VECTORS names",
    )
}

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(name)
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn existing(dir: PathBuf, advice: &str) -> Option<PathBuf> {
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("skipped: no test vectors in {}; {advice}", dir.display());
    None
}

/// Reads a JSON file.
///
/// # Panics
/// Where the file cannot be read or is no JSON: the test cannot go on.
pub fn load_json(path: &Path) -> Value {
    let text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One of the JSON files of Bitcoin Core, such as `key_io_valid.json`, where vectors are present.
pub fn core_vectors(name: &str) -> Option<Value> {
    Some(load_json(&vectors_dir()?.join("core").join(name)))
}

/// The vectors of the coin family.
pub struct ChainVectors(Vec<Value>);

/// Loads the vectors of the coin family (`vectors.json`), where present.
pub fn chain_vectors() -> Option<ChainVectors> {
    let mut file = load_json(&chains_dir()?.join("vectors.json"));
    match file["vectors"].take() {
        Value::Array(vectors) => Some(ChainVectors(vectors)),
        _ => panic!("vectors.json has no list of vectors"),
    }
}

impl ChainVectors {
    /// The vectors of one kind, for every coin.
    ///
    /// # Panics
    /// Where there is none: a test of nothing proves nothing.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        assert!(
            self.0.iter().any(|v| v["kind"] == kind),
            "no vector of kind {kind}"
        );
        self.0.iter().filter(move |v| v["kind"] == kind)
    }
}

/// Reads hexadecimal text from a JSON string.
///
/// # Panics
/// Where the value is not that.
pub fn from_hex(value: &Value) -> Vec<u8> {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no string"));
    assert!(
        text.is_ascii() && text.len().is_multiple_of(2),
        "{text} is not hexadecimal"
    );
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal digits"))
        .collect()
}

/// Writes bytes as lower-case hexadecimal text.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
