//! The configuration file: its lines, and which files are read (Core's `common/config.cpp`).

use std::path::{Path, PathBuf};

use super::error::OptionsError;
use super::key::{self, Key};
use super::settings::Settings;
use super::spec::Program;
use super::table;

/// A section heading or prefix as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SectionUse {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: usize,
}

/// What reading one file adds besides settings.
#[derive(Default)]
pub(super) struct ConfNotes {
    pub(super) sections: Vec<SectionUse>,
    pub(super) warnings: Vec<String>,
}

/// One `name=value` line, the name with its section before a dot.
struct Line {
    name: String,
    value: String,
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

fn parse_lines(
    text: &str,
    file: &str,
    sections: &mut Vec<SectionUse>,
) -> Result<Vec<Line>, OptionsError> {
    let mut lines = Vec::new();
    let mut prefix = String::new();
    for (index, raw) in text.split('\n').enumerate() {
        let number = index + 1;
        let (content, has_hash) = match raw.split_once('#') {
            Some((before, _)) => (before, true),
            None => (raw, false),
        };
        let content = content.trim_matches(BLANKS);
        if content.is_empty() {
            continue;
        }
        let used = |name: &str| SectionUse {
            name: name.to_owned(),
            file: file.to_owned(),
            line: number,
        };
        if let Some(section) = content
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            sections.push(used(section));
            prefix = format!("{section}.");
        } else if content.starts_with('-') {
            return Err(OptionsError::DashInFile {
                line: number,
                text: content.to_owned(),
            });
        } else if let Some((name, value)) = content.split_once('=') {
            let name = format!("{prefix}{}", name.trim_matches(BLANKS));
            if has_hash && name.contains("rpcpassword") {
                return Err(OptionsError::HashInPassword(number));
            }
            if let Some(dot) = name.rfind('.')
                && prefix.len() <= dot
            {
                sections.push(used(&name[..dot]));
            }
            lines.push(Line {
                name,
                value: value.trim_matches(BLANKS).to_owned(),
            });
        } else {
            let hint = if content.len() >= 2 && content.starts_with("no") {
                format!(", if you intended to specify a negated option, use {content}=1 instead")
            } else {
                String::new()
            };
            return Err(OptionsError::NotASetting {
                line: number,
                text: content.to_owned(),
                hint,
            });
        }
    }
    Ok(lines)
}

/// Adds the settings of one file's text; keys that this program does not know become warnings.
///
/// # Errors
/// The first line that cannot stand in a configuration file.
pub(super) fn read_text(
    program: Program,
    text: &str,
    file: &str,
    settings: &mut Settings,
    notes: &mut ConfNotes,
) -> Result<(), OptionsError> {
    for line in parse_lines(text, file, &mut notes.sections)? {
        let key = Key::parse(&line.name);
        if key.name == "conf" {
            return Err(OptionsError::ConfInFile);
        }
        if table::find_any(&key.name).is_some_and(|spec| spec.command_line_only) {
            return Err(OptionsError::CommandLineOnly(key.name));
        }
        if key.name == "reindex" {
            notes.warnings.push(
                "reindex=1 is set in the configuration file, which will significantly slow down startup. Consider removing \
                 or commenting out this option for better performance, unless there is currently a condition which \
                 makes rebuilding the indexes necessary"
                    .to_owned(),
            );
        }
        let Some(spec) = table::find(program, &key.name) else {
            notes.warnings.push(format!(
                "Ignoring unknown configuration value {}",
                line.name
            ));
            continue;
        };
        let read = key::interpret(&key, Some(&line.value), spec)?;
        notes.warnings.extend(read.warning);
        settings
            .config
            .entry(key.section)
            .or_default()
            .entry(key.name)
            .or_default()
            .push(read.value);
    }
    Ok(())
}

/// Reads the whole of a configuration file, or `None` if it cannot be opened.
///
/// # Errors
/// [`OptionsError::ConfigNotText`].
pub(super) fn slurp(path: &Path) -> Result<Option<String>, OptionsError> {
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(OptionsError::ConfigNotText(path.to_owned())),
        },
        Err(_) => Ok(None),
    }
}

/// Joins a path from a setting with the directory that relative paths stand in.
pub(super) fn absolute_in(dir: &Path, path: PathBuf) -> PathBuf {
    if path.as_os_str().is_empty() || path.is_absolute() {
        path
    } else {
        dir.join(path)
    }
}
