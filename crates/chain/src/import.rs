//! Blocks are read from files: our own for a new index (`-reindex`), others' to import them
//! (`-loadblock`). One slice at a time, so that commands get through.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use consensus::block_check::check_block;
use consensus::{BlockChecks, BlockError};
use primitives::encode::Reader;
use primitives::{Block, BlockHash, Header};
use rayon::prelude::*;

use crate::block_files::{FileError, FilePos, XorKey};
use crate::chainstate::Chainstate;
use crate::config::Task;
use crate::error::{ChainError, SubmitError};
use crate::handle::Answer;
use crate::index::BlockIndex;
use crate::scanner::RecordScanner;

/// How long a slice takes at most before commands are looked at.
const SLICE: Duration = Duration::from_millis(50);

/// Most bytes of records that are decoded together, but for the last of them.
const BATCH_BYTES: usize = 4 << 20;
/// Most records that are.
const BATCH_RECORDS: usize = 128;

/// A running import.
pub(crate) struct Import {
    stage: Stage,
    /// Blocks whose parents have not been met yet, by parent.
    orphans: HashMap<BlockHash, Vec<Place>>,
    answer: Answer<()>,
}

/// Where a block lies.
#[derive(Clone)]
enum Place {
    /// In our own files.
    Own(FilePos),
    /// In a file that is imported.
    Foreign {
        path: Arc<Path>,
        offset: u64,
        size: usize,
    },
}

impl Place {
    /// Reads the block. `None` where there is none any more.
    fn read(&self, chain: &Chainstate) -> Result<Option<Block>, FileError> {
        match self {
            Self::Own(pos) => match chain.writer.files().read_any_block(*pos) {
                Err(FileError::Damaged { .. }) => Ok(None),
                result => result.map(Some),
            },
            Self::Foreign { path, offset, size } => {
                let mut data = vec![0; *size];
                let mut read = || {
                    let mut file = File::open(path)?;
                    file.seek(SeekFrom::Start(*offset))?;
                    file.read_exact(&mut data)
                };
                read().map_err(|error| FileError::io("read", path, error))?;
                Ok(Block::from_bytes(&data, chain.params().hashes).ok())
            }
        }
    }

    /// Its place in our own files, where it is there.
    const fn own(&self) -> Option<FilePos> {
        match self {
            Self::Own(pos) => Some(*pos),
            Self::Foreign { .. } => None,
        }
    }
}

enum Stage {
    /// Our own block files, from the first on.
    Reindex {
        next: u32,
        total: u32,
        files: VecDeque<PathBuf>,
    },
    /// Other files.
    Load { files: VecDeque<PathBuf> },
    /// A file of either kind is open.
    Open(Box<OpenFile>),
    /// What is on disk is connected.
    Connect,
}

struct OpenFile {
    scanner: RecordScanner,
    path: Arc<Path>,
    /// Number of our own file.
    own: Option<u32>,
    loaded: u32,
    started: Instant,
    size: u64,
    task: Task,
    then: Stage,
}

/// What an import needs next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    /// Another slice.
    More,
    /// That what is on disk is connected; then it is done.
    Connect,
}

impl Import {
    pub(crate) fn new(chain: &mut Chainstate, files: Vec<PathBuf>, answer: Answer<()>) -> Self {
        tracing::info!(target: "validation", "initload thread start");
        chain.shared.importing.send_replace(true);
        // A wish that came too late for an earlier one.
        chain.config().cancel.take_import();
        let files = VecDeque::from(files);
        let stage = if chain.reindexing {
            let own = chain.writer.files();
            let total = (0..)
                .find(|number| !own.block_path(*number).exists())
                .unwrap_or(0);
            chain.writer.set_unread(total);
            Stage::Reindex {
                next: 0,
                total,
                files,
            }
        } else {
            Stage::Load { files }
        };
        Self {
            stage,
            orphans: HashMap::new(),
            answer,
        }
    }

    /// Ends the import: tells whoever asked for it.
    pub(crate) fn finish(self, chain: &mut Chainstate) {
        chain.shared.importing.send_replace(false);
        chain.config().report(Task::Connecting, 100);
        chain.update_initial_download();
        chain.publish_tip();
        tracing::info!(target: "validation", "initload thread exit");
        // Whoever asked may have gone.
        let _gone = self.answer.send(Ok(()));
    }

    /// Whether a file is open.
    pub(crate) const fn is_reading(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// Whether what is read now can be read another time: not so our own files, of which an index is made.
    pub(crate) const fn reads_foreign(&self) -> bool {
        match &self.stage {
            Stage::Load { .. } => true,
            Stage::Open(file) => file.own.is_none(),
            Stage::Reindex { .. } | Stage::Connect => false,
        }
    }

    /// Goes on for a while.
    pub(crate) fn slice(&mut self, chain: &mut Chainstate) -> Result<Slice, ChainError> {
        if self.reads_foreign() && chain.config().cancel.take_import() {
            tracing::info!(target: "validation", "The import was cancelled; what was read stays");
            self.stage = Stage::Connect;
            self.orphans.clear();
        }
        match std::mem::replace(&mut self.stage, Stage::Connect) {
            Stage::Reindex { next, total, files } => self.next_own(chain, next, total, files)?,
            Stage::Load { mut files } => match files.pop_front() {
                Some(path) => self.stage = open_foreign(chain, &path, files),
                None => return Ok(Slice::Connect),
            },
            Stage::Open(mut file) => {
                self.stage = if self.read(chain, &mut file)? {
                    Stage::Open(file)
                } else {
                    tracing::info!(
                        target: "validation",
                        "Loaded {} blocks from external file in {}ms",
                        file.loaded,
                        file.started.elapsed().as_millis()
                    );
                    file.then
                };
            }
            Stage::Connect => return Ok(Slice::Connect),
        }
        Ok(Slice::More)
    }

    fn next_own(
        &mut self,
        chain: &mut Chainstate,
        next: u32,
        total: u32,
        files: VecDeque<PathBuf>,
    ) -> Result<(), ChainError> {
        if next == total {
            // Only what is in the index on disk need not be looked for again.
            chain.write_index()?;
            chain.index_store.set_reindexing(false)?;
            chain.reindexing = false;
            chain.writer.set_unread(0);
            tracing::info!(target: "validation", "Reindexing finished");
            chain.config().report(Task::Reindexing, 100);
            chain.make_genesis()?;
            self.stage = Stage::Load { files };
            return Ok(());
        }
        let percent = u64::from(next) * 100 / u64::from(total);
        tracing::info!(
            target: "validation", "Reindexing block file blk{next:05}.dat ({percent}% complete)..."
        );
        chain.config().report(Task::Reindexing, percent);
        let (path, key) = {
            let own = chain.writer.files();
            (own.block_path(next), own.key())
        };
        let then = Stage::Reindex {
            next: next + 1,
            total,
            files,
        };
        let scanner = RecordScanner::open(&path, chain.params().magic, key)?;
        self.stage = open_file(scanner, &path, Some(next), Task::Reindexing, then);
        Ok(())
    }

    /// Reads records for a while; says whether there may be more.
    fn read(&mut self, chain: &mut Chainstate, file: &mut OpenFile) -> Result<bool, ChainError> {
        let started = Instant::now();
        while started.elapsed() < SLICE {
            let batch = read_batch(chain, &mut file.scanner)?;
            if batch.is_empty() {
                return Ok(false);
            }
            for found in batch {
                let start = found.offset;
                let place = match (file.own, u32::try_from(start)) {
                    (Some(file), Ok(offset)) => Place::Own(FilePos { file, offset }),
                    // None of ours is that long: what lies there is not ours.
                    (Some(_), Err(_)) => return Ok(false),
                    (None, _) => Place::Foreign {
                        path: Arc::clone(&file.path),
                        offset: start,
                        size: found.size,
                    },
                };
                match self.load_record(chain, found, place)? {
                    Some(loaded) => file.loaded += loaded,
                    None => {
                        // What was found behind it may lie inside of what is looked through now.
                        file.scanner.reject(start);
                        break;
                    }
                }
            }
        }
        // In thousandths of a file, of which there may be several.
        let inside = file.scanner.position() * 1000 / file.size.max(1);
        let (done, total) = match (&file.then, file.own) {
            (Stage::Reindex { total, .. }, Some(own)) => (u64::from(own), u64::from(*total)),
            _ => (0, 1),
        };
        let percent = (done * 1000 + inside.min(1000)) / (total * 10);
        chain.config().report(file.task, percent.min(99));
        Ok(true)
    }

    /// Takes a block that was found; gives how many were new, or `None` where it is no block.
    fn load_record(
        &mut self,
        chain: &mut Chainstate,
        found: Found,
        place: Place,
    ) -> Result<Option<u32>, ChainError> {
        let Some((header, hash)) = found.header else {
            return Ok(None);
        };
        let (is_first, known_parent, here) = {
            let index = chain.shared.index();
            let is_first = hash == chain.params().genesis.hash;
            let known_parent = is_first || index.find(&header.prev).is_some();
            (is_first, known_parent, has_data(&index, &hash))
        };
        let mut loaded = 0;
        if !here {
            // Old bugs left all kinds of data in block files; what does not decode is no block.
            let Some((block, checked)) = found.block else {
                tracing::debug!(
                    target: "reindex",
                    "LoadExternalBlockFile: unexpected data in block {hash}. continuing"
                );
                return Ok(None);
            };
            if !known_parent {
                tracing::debug!(
                    target: "reindex",
                    "LoadExternalBlockFile: Out of order block {hash}, parent {} not known",
                    header.prev
                );
                self.orphans.entry(header.prev).or_default().push(place);
                return Ok(Some(0));
            }
            loaded += take(chain, &block, checked, place.own())?;
        }
        if is_first && chain.tip().is_none() {
            chain.connect_first()?;
        }
        Ok(Some(loaded + self.load_children(chain, hash)?))
    }

    /// Takes the blocks that were met before `parent`.
    fn load_children(
        &mut self,
        chain: &mut Chainstate,
        parent: BlockHash,
    ) -> Result<u32, ChainError> {
        let (mut loaded, mut queue) = (0, VecDeque::from([parent]));
        while let Some(parent) = queue.pop_front() {
            for place in self.orphans.remove(&parent).unwrap_or_default() {
                let Some(block) = place.read(chain)?.map(Arc::new) else {
                    continue;
                };
                tracing::debug!(
                    target: "reindex",
                    "LoadExternalBlockFile: Processing out of order child {} of {parent}",
                    block.hash
                );
                let checked = check_block(&block, chain.params(), BlockChecks::ALL);
                if take(chain, &block, checked, place.own())? > 0 {
                    loaded += 1;
                    queue.push_back(block.hash);
                }
            }
        }
        Ok(loaded)
    }
}

/// A record that was found, and what could be made of it before its turn.
struct Found {
    offset: u64,
    size: usize,
    header: Option<(Header, BlockHash)>,
    /// The block with the verdict of [`check_block`]; `None` where it is here already, or none.
    block: Option<(Arc<Block>, Result<(), BlockError>)>,
}

/// The next records, decoded and checked alone on several threads; empty at the end of the file.
fn read_batch(chain: &Chainstate, scanner: &mut RecordScanner) -> Result<Vec<Found>, FileError> {
    let (mut records, mut bytes) = (Vec::new(), 0);
    while bytes < BATCH_BYTES && records.len() < BATCH_RECORDS {
        let Some(record) = scanner.next()? else {
            break;
        };
        bytes += record.data.len();
        records.push((record.offset, record.data.to_vec()));
    }
    let (params, shared) = (chain.params(), &chain.shared);
    let examine = |(offset, data): (u64, Vec<u8>)| {
        let header = Header::decode(&mut Reader::new(&data)).ok();
        let header = header.map(|header| (header, header.hash(params.hashes)));
        let new = header.filter(|(_, hash)| !has_data(&shared.index(), hash));
        let block = new.and_then(|(_, hash)| {
            let block = Block::decode_known(&mut Reader::new(&data), hash, params.hashes).ok()?;
            let checked = check_block(&block, params, BlockChecks::ALL);
            Some((Arc::new(block), checked))
        });
        Found {
            offset,
            size: data.len(),
            header,
            block,
        }
    };
    let examine_all = || records.into_par_iter().map(examine).collect();
    Ok(chain.readers.install(examine_all))
}

fn has_data(index: &BlockIndex, hash: &BlockHash) -> bool {
    let id = index.find(hash);
    id.is_some_and(|id| index.entry(id).status.has_data())
}

/// Stores a block that was checked alone; gives 1 where it is valid so far.
fn take(
    chain: &mut Chainstate,
    block: &Arc<Block>,
    checked: Result<(), BlockError>,
    pos: Option<FilePos>,
) -> Result<u32, ChainError> {
    match chain.accept_loaded_block(block, checked, pos) {
        Ok(_) => Ok(1),
        Err(SubmitError::Rejected(_)) => Ok(0),
        Err(SubmitError::Chain(error)) => Err(error),
    }
}

fn open_foreign(chain: &Chainstate, path: &Path, files: VecDeque<PathBuf>) -> Stage {
    let then = Stage::Load { files };
    match RecordScanner::open(path, chain.params().magic, XorKey::default()) {
        Ok(scanner) => {
            tracing::info!(target: "validation", "Importing blocks file {}...", path.display());
            open_file(scanner, path, None, Task::Importing, then)
        }
        Err(error) => {
            // The advice about our own files would be wrong for a file that is only read once.
            let reason = match error {
                FileError::Io { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            tracing::warn!(
                target: "validation", "Could not open blocks file {}: {reason}", path.display()
            );
            then
        }
    }
}

fn open_file(
    scanner: RecordScanner,
    path: &Path,
    own: Option<u32>,
    task: Task,
    then: Stage,
) -> Stage {
    Stage::Open(Box::new(OpenFile {
        scanner,
        path: path.into(),
        own,
        loaded: 0,
        started: Instant::now(),
        size: path.metadata().map_or(0, |meta| meta.len()),
        task,
        then,
    }))
}
