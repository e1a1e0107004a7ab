//! The window.

use crate::options::spec::{Category, GUI, Kind, OptionSpec, SERVERS, SettingGroup};

const fn gui(kind: Kind, name: &'static str, arg: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::new(Category::Gui, kind, name, arg, help).programs(GUI)
}

/// The same name in a server without a window, so that one configuration file serves both.
const fn elsewhere(name: &'static str) -> OptionSpec {
    OptionSpec::new(Category::Gui, Kind::Text, name, "", "For the window")
        .programs(SERVERS.without(GUI))
        .hidden()
}

const NO_TRANSLATIONS: &str = "this version speaks English only";

/// The entries.
pub(super) const OPTIONS: &[OptionSpec] = &[
    gui(
        Kind::Bool,
        "choosedatadir",
        "",
        "Ask for the data directory at start",
    )
    .default("0"),
    gui(
        Kind::Text,
        "lang",
        "=<lang>",
        "Language, such as \"de_DE\" (default: that of the system)",
    )
    .setting(SettingGroup::General)
    .inert(NO_TRANSLATIONS),
    gui(Kind::Bool, "min", "", "Start minimised")
        .default("0")
        .setting(SettingGroup::General),
    gui(
        Kind::Bool,
        "resetguisettings",
        "",
        "Set back everything changed in the window, keeping a copy of the old file",
    )
    .default("0"),
    gui(Kind::Bool, "splash", "", "Show the stages of the start")
        .default("1")
        .inert("the window itself shows them"),
    gui(Kind::Text, "uiplatform", "", "Look of another system")
        .debug()
        .inert("the window looks the same everywhere"),
    elsewhere("choosedatadir"),
    elsewhere("lang"),
    elsewhere("min"),
    elsewhere("resetguisettings"),
    elsewhere("splash"),
    elsewhere("uiplatform"),
];
