//! Backups: writing one, reading it back.

use std::path::Path;

use ipc_schema::BackupReport;
use primitives::encode::{DecodeError, Reader, Sink as _};

use super::{BackupMark, Wallet};
use crate::WalletError;
use crate::crypter;
use crate::db::{Database, DbError, OpenOptions, key};
use keys::descriptor::OutputType;

impl BackupMark {
    fn encode(self) -> Vec<u8> {
        let mut value = Vec::new();
        value.put_i64(self.time);
        value.put_u8(u8::from(self.checked));
        value.put_u32(self.covers.0);
        value.put_u8(u8::from(self.covers.1));
        value
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            time: reader.i64()?,
            checked: reader.u8()? != 0,
            covers: (reader.u32()?, reader.u8()? != 0),
        })
    }
}

impl Wallet {
    /// Whether a backup made before would lack keys that are in use now.
    pub fn backup_is_outdated(&self) -> bool {
        self.backup.time != 0 && self.backup.covers != self.backup_scope()
    }

    fn backup_scope(&self) -> (u32, bool) {
        (
            u32::try_from(self.managers.len()).unwrap_or(u32::MAX),
            self.is_encrypted(),
        )
    }

    /// Writes a backup and notes it. A directory gets a file with the name of the wallet's.
    ///
    /// # Errors
    /// [`WalletError::File`] where the target is the wallet itself, or as the system says.
    pub fn back_up(&mut self, target: &Path, now: i64) -> Result<BackupReport, WalletError> {
        if target.as_os_str().is_empty() {
            return Err(WalletError::File(
                "No file was named for the backup. Please choose one.".to_owned(),
            ));
        }
        let own = self.file();
        let target = if target.is_dir() {
            target.join(own.file_name().unwrap_or_default())
        } else {
            target.to_owned()
        };
        if target
            .canonicalize()
            .is_ok_and(|path| own.canonicalize().is_ok_and(|own| own == path))
        {
            return Err(WalletError::File(format!(
                "{} is the wallet itself. Please choose another file for the backup.",
                target.display()
            )));
        }
        self.transact(|this| {
            this.record_best_block();
            Ok(())
        })?;
        self.db().backup(&target)?;
        let mark = BackupMark {
            time: now,
            checked: false,
            covers: self.backup_scope(),
        };
        self.note_backup(mark)?;
        let report = self.report(&target)?;
        Ok(report)
    }

    fn note_backup(&mut self, mark: BackupMark) -> Result<(), WalletError> {
        self.transact(|this| {
            this.backup = mark;
            this.batch.put(key::named(key::BACKUP), mark.encode());
            this.changes.state = true;
            Ok(())
        })
    }

    fn report(&self, file: &Path) -> Result<BackupReport, WalletError> {
        let size = std::fs::metadata(file).map_err(|source| {
            WalletError::Db(DbError::Io {
                path: file.to_owned(),
                source,
            })
        })?;
        Ok(BackupReport {
            path: file.display().to_string(),
            size: size.len(),
            descriptors: u32::try_from(self.managers.len()).unwrap_or(u32::MAX),
            encrypted: self.is_encrypted(),
            first_address: self.first_address(),
            identical: false,
        })
    }

    /// The first address for payers of the usual kind, for people to compare.
    pub fn first_address(&self) -> String {
        let kinds = [self.options.address_type]
            .into_iter()
            .chain(OutputType::ALL);
        kinds
            .filter_map(|kind| {
                self.managers
                    .get(self.external.get(&kind)?)?
                    .first_address()
            })
            .map(|destination| destination.to_address(self.params))
            .next()
            .unwrap_or_default()
    }

    /// Reads a backup and compares it with the wallet; notes it where nothing is missing. With a
    /// passphrase, tries that on the backup's keys.
    ///
    /// # Errors
    /// What is wrong with the file, or [`WalletError::WrongPassphrase`].
    pub fn check_backup(
        &mut self,
        file: &Path,
        passphrase: &[u8],
    ) -> Result<BackupReport, WalletError> {
        // A copy is opened, so that the backup itself stays as it is.
        let copy = self.file().with_extension("check");
        let io = |source| {
            WalletError::Db(DbError::Io {
                path: file.to_owned(),
                source,
            })
        };
        let checked = crate::db::copy_file(file, &copy)
            .map_err(WalletError::from)
            .and_then(|()| self.check_copy(&copy, file, passphrase));
        let removed = std::fs::remove_file(&copy);
        let report = checked?;
        removed.map_err(io)?;
        if report.identical && self.backup.time != 0 && !self.backup.checked {
            self.note_backup(BackupMark {
                checked: true,
                ..self.backup
            })?;
        }
        Ok(report)
    }

    fn check_copy(
        &self,
        copy: &Path,
        file: &Path,
        passphrase: &[u8],
    ) -> Result<BackupReport, WalletError> {
        let db = Database::open(copy, self.params, OpenOptions::default())?;
        db.verify()?;
        let other = Self::load(&self.name, db, self.params, self.options.clone())?;
        if !passphrase.is_empty() {
            let mut opens = false;
            for record in other.master_keys.values() {
                opens |= crypter::open_master_key(record, passphrase)?.is_some_and(|master| {
                    other.managers.values().all(|manager| {
                        !matches!(
                            manager.keys.opens_with(&master, self.params.hashes),
                            Ok(Some(false)) | Err(_)
                        )
                    })
                });
            }
            if !opens {
                return Err(WalletError::WrongPassphrase);
            }
        }
        let has_all = self.managers.iter().all(|(id, own)| {
            other
                .managers
                .get(id)
                .is_some_and(|theirs| theirs.keys.len() == own.keys.len())
        });
        let mut report = other.report(file)?;
        report.identical = has_all && other.is_encrypted() == self.is_encrypted();
        other.close()?;
        Ok(report)
    }
}
