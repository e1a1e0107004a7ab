//! The stored chains and blocks, and every spend in them whose coin is known.

use std::collections::HashMap;
use std::path::Path;

use consensus::ScriptFlags;
use consensus::deployments::script_flags;
use primitives::encode::Reader;
use primitives::params::{ChainParams, Coin, Network};
use primitives::{Block, OutPoint, Tx, TxOut};

/// A stored file of blocks.
pub(crate) struct Stored {
    /// Its path in the folder of the vectors.
    pub(crate) file: String,
    /// The chain that it is of.
    pub(crate) params: &'static ChainParams,
    /// The height of its first block.
    first: u32,
    blocks: Vec<Block>,
}

/// The one coin that has an oracle.
fn params(network: Network) -> &'static ChainParams {
    ChainParams::get(Coin::Bitcoin, network)
}

/// All files of blocks in the folder, the long chains first.
pub(crate) fn stored(dir: &Path) -> Result<Vec<Stored>, String> {
    let mut all = vec![
        file(dir, "regtest/chain.dat", Network::Regtest)?,
        file(dir, "blocks/mainnet-0-to-438.dat", Network::Main)?,
    ];
    let mut names = single_blocks(dir)?;
    names.sort();
    for name in names {
        let path = format!("blocks/{name}");
        let bytes = read(&dir.join(&path))?;
        let params = params(Network::Main);
        let block = Block::from_bytes(&bytes, params.hashes).map_err(|e| format!("{path}: {e}"))?;
        // The name has the height; the one without is from after segwit.
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let first = digits.parse().ok().filter(|_| name.starts_with("block"));
        all.push(Stored {
            file: path,
            params,
            first: first.unwrap_or(500_000),
            blocks: vec![block],
        });
    }
    Ok(all)
}

/// The names of the files that hold one block each.
pub(crate) fn single_blocks(dir: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(dir.join("blocks")).map_err(|e| e.to_string())?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| !name.starts_with("mainnet")).collect())
}

fn file(dir: &Path, path: &str, network: Network) -> Result<Stored, String> {
    let params = params(network);
    let bytes = read(&dir.join(path))?;
    let raw = records(&bytes);
    let blocks: Result<_, _> = raw
        .map(|raw| Block::from_bytes(raw, params.hashes))
        .collect();
    Ok(Stored {
        file: path.to_owned(),
        params,
        first: 0,
        blocks: blocks.map_err(|e| format!("{path}: {e}"))?,
    })
}

/// The blocks of a file in block-file form: magic, length, block.
pub(crate) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        reader.take(4).ok()?;
        let length = reader.u32().ok()?;
        reader.take(usize::try_from(length).ok()?).ok()
    })
}

/// Reads a file, and says which it was where that fails.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

impl Stored {
    /// Shows every transaction whose coins are all made in this file, with them and the rules of
    /// its block.
    ///
    /// # Errors
    /// The first that `visit` returns.
    pub(crate) fn spends(
        &self,
        mut visit: impl FnMut(&Tx, Vec<TxOut>, ScriptFlags) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut coins: HashMap<OutPoint, TxOut> = HashMap::new();
        for (block, height) in self.blocks.iter().zip(self.first..) {
            let flags = script_flags(height, &block.hash, self.params);
            for tx in &block.txs {
                // No coin is taken away: a spent one is judged the same.
                let spent: Option<Vec<TxOut>> = tx
                    .inputs
                    .iter()
                    .map(|input| coins.get(&input.prevout).cloned())
                    .collect();
                if let Some(spent) = spent {
                    visit(tx, spent, flags)?;
                }
                for (vout, output) in (0..).zip(&tx.outputs) {
                    coins.insert(OutPoint::new(tx.txid(), vout), output.clone());
                }
            }
        }
        Ok(())
    }

    /// The blocks.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}
