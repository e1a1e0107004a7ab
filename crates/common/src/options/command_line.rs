//! The command line.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use super::error::OptionsError;
use super::key::{self, Key};
use super::settings::{Lookup, Settings, value_bool};
use super::spec::{Category, Program};
use super::table;

/// A command line that was read but not yet joined with files.
#[derive(Clone, Debug)]
pub struct CommandLine {
    pub(super) program: Program,
    pub(super) program_name: String,
    pub(super) settings: Settings,
    pub(super) words: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl CommandLine {
    /// Returns an empty command line, for a process whose settings come from elsewhere.
    pub fn empty(program: Program, program_name: &str) -> Self {
        Self {
            program,
            program_name: program_name.to_owned(),
            settings: Settings::default(),
            words: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Reads the arguments of this process, program path included (Core's `ParseParameters`).
    ///
    /// # Errors
    /// [`OptionsError::CommandLine`] with the first fault.
    pub fn parse<I>(program: Program, args: I) -> Result<Self, OptionsError>
    where
        I: IntoIterator<Item = OsString>,
    {
        let mut args = args.into_iter();
        let path = args.next().unwrap_or_default();
        let name = Path::new(&path)
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        let mut parsed = Self::empty(program, &name);
        parsed
            .read(args)
            .map_err(|error| OptionsError::CommandLine(Box::new(error)))?;
        Ok(parsed)
    }

    fn read(&mut self, args: impl Iterator<Item = OsString>) -> Result<(), OptionsError> {
        let mut args = args.map(|arg| arg.into_string().map_err(OptionsError::NotText));
        while let Some(arg) = args.next() {
            let arg = arg?;
            if arg == "-" {
                // The transaction tool's sign for standard input.
                break;
            }
            if !arg.starts_with('-') {
                self.check_command(&arg)?;
                self.words.push(arg);
                for word in args {
                    self.words.push(word?);
                }
                break;
            }
            self.read_option(&arg)?;
        }
        if let Some(values) = self.settings.command_line.get("includeconf")
            && let Some(value) = values
                .iter()
                .rev()
                .take_while(|v| **v != Value::Bool(false))
                .last()
        {
            return Err(OptionsError::IncludeOnCommandLine(value.to_string()));
        }
        Ok(())
    }

    /// Refuses a first word that is none of the commands of a tool that has a list of them.
    fn check_command(&self, word: &str) -> Result<(), OptionsError> {
        let mut commands =
            table::of(self.program).filter(|spec| spec.category == Category::Command);
        let mut any = false;
        let known = commands.any(|spec| {
            any = true;
            spec.name == word
        });
        if any && !known {
            Err(OptionsError::UnknownCommand(word.to_owned()))
        } else {
            Ok(())
        }
    }

    fn read_option(&mut self, arg: &str) -> Result<(), OptionsError> {
        let (written, text) = match arg.split_once('=') {
            Some((written, text)) => (written, Some(text)),
            None => (arg, None),
        };
        let written = written
            .strip_prefix("--")
            .or(written.strip_prefix('-'))
            .unwrap_or(written);
        let key = Key::parse(written);
        let spec = table::find(self.program, &key.name)
            .filter(|_| key.section.is_empty())
            .ok_or_else(|| OptionsError::UnknownOption(arg.to_owned()))?;
        let read = key::interpret(&key, text, spec)?;
        self.warnings.extend(read.warning);
        self.settings
            .command_line
            .entry(key.name)
            .or_default()
            .push(read.value);
        Ok(())
    }

    /// Adds an option as if it had been the last on the command line; `name` is without dash.
    ///
    /// # Errors
    /// As [`CommandLine::parse`].
    pub fn push(&mut self, name: &str, value: &str) -> Result<(), OptionsError> {
        self.read_option(&format!("-{name}={value}"))
    }

    /// Returns the file name under which the program was started.
    pub fn program_name(&self) -> &str {
        &self.program_name
    }

    /// Returns the program whose options these are.
    pub const fn program(&self) -> Program {
        self.program
    }

    /// Returns the words after the options: a command with its arguments.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns true if a help page is asked for.
    pub fn wants_help(&self) -> bool {
        ["?", "h", "help", "help-debug"]
            .iter()
            .any(|name| self.is_set(name))
    }

    /// Returns true if the help page shall hold the debugging options.
    pub fn wants_debug_help(&self) -> bool {
        self.get("help-debug").is_some_and(value_bool)
    }

    /// Returns true if the version is asked for.
    pub fn wants_version(&self) -> bool {
        self.get("version").is_some_and(value_bool)
    }

    /// Returns true if the option stands on the command line.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the text of the option on the command line.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(super::settings::value_text)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.settings
            .get("", name, Lookup::default())
            .map(|(value, _)| value)
    }
}

/// Returns the descriptor of the socket to the parent if this process is a child: it has exactly two arguments, of
/// which the first is `-ipcfd`.
///
/// # Errors
/// [`OptionsError::ChildDescriptor`] if the second argument is no number.
pub fn child_descriptor(args: &[OsString]) -> Result<Option<i32>, OptionsError> {
    let [_, option, number] = args else {
        return Ok(None);
    };
    if option != "-ipcfd" {
        return Ok(None);
    }
    let text = number.to_string_lossy();
    match text.parse::<i32>() {
        Ok(number) if number >= 0 => Ok(Some(number)),
        Ok(_) => Err(OptionsError::ChildDescriptor(
            text.into_owned(),
            "negative number".to_owned(),
        )),
        Err(error) => Err(OptionsError::ChildDescriptor(
            text.into_owned(),
            error.to_string(),
        )),
    }
}
