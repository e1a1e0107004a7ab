//! A start that ends before there is a node to speak of: the options or the data directory cannot be used. The card
//! names the lines at fault and offers what helps; each way on reads everything again.

use std::path::{Path, PathBuf};

use common::datadir::DataDirError;
use common::options::{CommandLine, Config, OptionsError};
use iced::Task;
use iced::widget::{column, container};
use iced::{Length, Padding};
use primitives::ChainParams;

use super::{App, Message, Screen};
use crate::Element;
use crate::model::first_run::{Progress, Step};
use crate::theme::{Icon, Press, Surface, Tone, size};
use crate::widget::button::button_with;
use crate::widget::{button, layout, text};

/// What keeps the start from going on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    title: String,
    /// What is wrong, a line each.
    lines: Vec<String>,
    /// What to do about it, in a sentence.
    advice: String,
    /// The file at fault, which can be set aside.
    file: Option<PathBuf>,
    /// Whether another folder for the chain would help.
    other_folder: bool,
    /// Why the last way out did not work.
    failed: Option<String>,
}

impl Trouble {
    /// What `error` means for a start with `command_line`.
    pub(super) fn of(command_line: &CommandLine, error: &OptionsError) -> Self {
        let lines = error.to_string().lines().map(str::to_owned).collect();
        let all = Self {
            title: "The options cannot be used".to_owned(),
            lines,
            advice: "Mend them and try again: everything is read anew.".to_owned(),
            ..Self::default()
        };
        match error {
            OptionsError::SettingsUnreadable(reasons) => Self {
                title: "The settings file is broken".to_owned(),
                lines: reasons.clone(),
                advice: "Mend the file and try again, or reset it: the node then starts with its defaults, and the \
                         broken file is kept beside the new one."
                    .to_owned(),
                file: settings_file(command_line),
                ..all
            },
            OptionsError::ConfigFile(inner) => Self {
                title: "The configuration file is broken".to_owned(),
                lines: inner.to_string().lines().map(str::to_owned).collect(),
                advice: "Mend the file and try again, or reset it: the node then starts with its defaults, and the \
                         broken file is kept under another name."
                    .to_owned(),
                file: config_file(command_line),
                ..all
            },
            OptionsError::DataDir(inner) => Self::of_folder(inner),
            OptionsError::DataDirMissing(_) | OptionsError::ConfiguredDataDirMissing(_) => Self {
                title: "The data directory is missing".to_owned(),
                advice: "If it is on another disk, connect that disk and try again, or choose another folder."
                    .to_owned(),
                other_folder: true,
                ..all
            },
            _ => all,
        }
    }

    /// What an unusable data directory means.
    pub(super) fn of_folder(error: &DataDirError) -> Self {
        let text = error.to_string();
        let help = match error {
            DataDirError::Create { path, .. } => rights(&text, path, true),
            DataDirError::Access { path, .. } | DataDirError::Unwritable(path) => {
                rights(&text, path, false)
            }
            _ => None,
        };
        Self {
            title: "The data directory cannot be used".to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            advice: help.unwrap_or_else(|| {
                "Choose another folder, or mend this one and try again.".to_owned()
            }),
            other_folder: true,
            ..Self::default()
        }
    }

    /// A sentence of somebody else.
    pub(super) fn other(text: String) -> Self {
        Self {
            title: "The node cannot be started".to_owned(),
            lines: vec![text],
            advice: "Mend it and try again: everything is read anew.".to_owned(),
            ..Self::default()
        }
    }

    /// All of it as text.
    pub(super) fn words(&self) -> String {
        format!("{}: {}", self.title, self.lines.join(" "))
    }
}

/// Which user lacks the right to `path`, and the command that grants it; `None` where `reason` is about something else.
pub(crate) fn rights(reason: &str, path: &Path, make: bool) -> Option<String> {
    if !reason.to_lowercase().contains("permission") {
        return None;
    }
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "this user".to_owned());
    let quoted = format!("'{}'", path.display().to_string().replace('\'', "'\\''"));
    let mut command = format!("sudo chown -R \"$USER\" {quoted}");
    if make {
        command = format!("sudo mkdir -p {quoted} && {command}");
    }
    Some(format!(
        "This window runs as {user}, who has no right to {}. Either choose another folder, or grant it in a terminal \
         and try again: {command}",
        path.display()
    ))
}

/// The first absolute path that stands in quotes in a sentence.
pub(super) fn quoted_path(sentence: &str) -> Option<&Path> {
    sentence
        .split(['"', '\''])
        .skip(1)
        .step_by(2)
        .find(|part| part.starts_with('/'))
        .map(Path::new)
}

/// The chain that a command line leads to, also where its files are broken.
pub(super) fn chain_of(command_line: &CommandLine) -> Option<&'static ChainParams> {
    Config::load_client(command_line.clone())
        .or_else(|_| Config::load_plain(command_line.clone()))
        .ok()
        .map(|config| config.params())
}

fn settings_file(command_line: &CommandLine) -> Option<PathBuf> {
    Config::load_client(command_line.clone())
        .ok()?
        .settings_path()
}

fn config_file(command_line: &CommandLine) -> Option<PathBuf> {
    let config = Config::load_plain(command_line.clone()).ok()?;
    let named = command_line.text("conf").filter(|text| !text.is_empty());
    let name = named.unwrap_or_else(|| config.params().conf_file.to_owned());
    Some(config.data_dir().join(name)).filter(|path| path.is_file())
}

/// Moves a file aside under a name that no other file has. Touches the disk.
fn set_aside(path: &Path) -> Result<(), String> {
    let kept = (1_u32..1000)
        .map(|number| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".broken-{number}"));
            PathBuf::from(name)
        })
        .find(|kept| !kept.exists())
        .ok_or_else(|| format!("Too many broken copies of {} lie there.", path.display()))?;
    std::fs::rename(path, &kept)
        .map_err(|error| format!("{} cannot be moved aside: {error}.", path.display()))
}

impl App {
    /// Shows what keeps the start from going on.
    pub(super) fn show_trouble(&mut self, trouble: Trouble) {
        self.screen = Screen::Trouble(Box::new(trouble));
    }

    /// Reads everything again, as at the start of the program.
    pub(super) fn start_again(&mut self) -> Task<Message> {
        self.screen = Screen::Starting;
        super::setup::read_again(self.launch.clone())
    }

    /// Moves the broken file aside and starts again.
    pub(super) fn reset_file(&mut self) -> Task<Message> {
        let Screen::Trouble(trouble) = &self.screen else {
            return Task::none();
        };
        let Some(path) = trouble.file.clone() else {
            return Task::none();
        };
        let work = async move {
            let done = tokio::task::spawn_blocking(move || set_aside(&path)).await;
            done.unwrap_or_else(|_| Err("The file was not moved aside.".to_owned()))
        };
        Task::perform(work, Message::FileReset)
    }

    /// The broken file is aside, or not.
    pub(super) fn file_reset(&mut self, done: Result<(), String>) -> Task<Message> {
        match (done, &mut self.screen) {
            (Ok(()), _) => return self.start_again(),
            (Err(error), Screen::Trouble(trouble)) => trouble.failed = Some(error),
            (Err(_), _) => {}
        }
        Task::none()
    }

    /// Goes to the question where the chain is to be kept.
    pub(super) fn choose_folder(&mut self) -> Task<Message> {
        let (coin, network) = (self.model.params.coin, self.model.params.network);
        self.begin_first_run(Progress {
            step: Step::Storage,
            coin,
            network,
            ..Progress::default()
        })
    }
}

/// Draws the card.
pub(super) fn view<'a>(app: &'a App, trouble: &'a Trouble) -> Element<'a, Message> {
    let params = app.model.params;
    let chain = format!(
        "{}, {}",
        params.name,
        crate::model::network_words(params.network)
    );
    let lines = column(trouble.lines.iter().map(|line| {
        text::mono(line)
            .wrapping(iced::widget::text::Wrapping::WordOrGlyph)
            .into()
    }))
    .spacing(size::S1);
    let well = container(lines)
        .class(Surface::Well)
        .padding(size::S3)
        .width(Length::Fill);
    let mut words = column![text::caption(chain), well].spacing(size::S3);
    if let Some(path) = &trouble.file {
        words = words.push(text::caption(format!("File: {}", path.display())));
    }
    words = words.push(text::body(&trouble.advice));
    if let Some(failed) = &trouble.failed {
        words = words.push(text::body(failed).class(Tone::Bad));
    }
    let mut actions: Vec<Element<'a, Message>> = vec![
        button_with(Icon::RefreshCw, "Try again", Press::Primary)
            .id("trouble-again")
            .on_press(Message::StartAgain)
            .into(),
    ];
    if trouble.file.is_some() {
        actions.push(
            button("Reset to defaults", Press::Secondary)
                .id("trouble-reset")
                .on_press(Message::ResetFile)
                .into(),
        );
    }
    if trouble.other_folder {
        actions.push(
            button("Choose another folder", Press::Secondary)
                .id("trouble-folder")
                .on_press(Message::ChooseFolder)
                .into(),
        );
    }
    actions.push(
        button("Quit", Press::Ghost)
            .id("trouble-quit")
            .on_press(Message::QuitNow)
            .into(),
    );
    let card = layout::notice(Tone::Bad, Icon::CircleAlert, &trouble.title, words, actions);
    let placed = container(card)
        .max_width(size::COLUMN)
        .padding(Padding::new(size::S5));
    layout::scrolled("trouble", container(placed).center_x(Length::Fill).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_set_aside_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.json");
        for text in ["one", "two"] {
            std::fs::write(&path, text).expect("writable");
            set_aside(&path).expect("moved");
        }
        let kept = |number: u32| folder.path().join(format!("settings.json.broken-{number}"));
        assert!(!path.exists());
        assert_eq!(std::fs::read_to_string(kept(1)).expect("kept"), "one");
        assert_eq!(std::fs::read_to_string(kept(2)).expect("kept"), "two");
    }

    #[test]
    fn a_folder_without_rights_is_told_with_user_and_command() {
        let error = DataDirError::Create {
            path: "/srv/o'clock".into(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        let trouble = Trouble::of_folder(&error);
        assert!(trouble.lines[0].contains("/srv/o'clock"));
        assert!(
            trouble.advice.contains("sudo mkdir -p '/srv/o'\\''clock'"),
            "{}",
            trouble.advice
        );
        assert!(trouble.other_folder);
        let full = DataDirError::Create {
            path: "/srv/x".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        };
        assert!(!Trouble::of_folder(&full).advice.contains("sudo"));
    }

    #[test]
    fn a_path_is_found_in_a_sentence() {
        let sentence = "Cannot write to directory '/srv/chain'; check permissions.";
        assert_eq!(quoted_path(sentence), Some(Path::new("/srv/chain")));
        assert_eq!(quoted_path("It's \"nothing\" here"), None);
    }
}
