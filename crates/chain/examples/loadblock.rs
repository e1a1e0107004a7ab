//! Loads a file of blocks into a new directory and says how long it took:
//! `loadblock <coin> <network> <directory> <file> [threads]`.

use std::path::PathBuf;
use std::time::Instant;

use chain::ChainConfig;
use primitives::ChainParams;

/// The node's, since this is measured in its stead.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = |name: &'static str| args.next().ok_or(name);
    let params = ChainParams::get(arg("coin")?.parse()?, arg("network")?.parse()?);
    let (dir, file) = (
        PathBuf::from(arg("directory")?),
        PathBuf::from(arg("file")?),
    );
    std::fs::create_dir_all(dir.join("blocks"))?;
    let mut config = ChainConfig::new(params, &dir);
    config.assume_valid = None;
    if let Ok(threads) = arg("threads") {
        config.script_threads = threads.parse()?;
    }
    let chain = chain::start(config)?;
    let started = Instant::now();
    chain.handle.import(vec![file]).wait()?;
    let (loaded, tip) = (started.elapsed(), chain.reader.tip());
    chain.stop()?;
    let all = started.elapsed();
    print(&format!(
        "height {} {}: loaded in {loaded:.2?}, stopped after {all:.2?}",
        tip.height, tip.hash
    ));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn print(line: &str) {
    println!("{line}");
}
