//! The program `bitq-gui`: reads its command line and opens the window.

use std::io::Write as _;
use std::process::ExitCode;

use common::options::{self, CommandLine, Program};
use gui::app::{self, Launch, Switches};
use gui::model::prefs::Store;

fn main() -> ExitCode {
    common::datadir::restrict_umask();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            say(&mut std::io::stderr(), &format!("Error: {text}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Says that there is nowhere to open a window, and ends.
fn no_display() -> ! {
    let named = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let reason = match named("WAYLAND_DISPLAY").or_else(|| named("DISPLAY")) {
        Some(display) => format!("the display '{display}' cannot be used"),
        None => "there is no display (neither WAYLAND_DISPLAY nor DISPLAY is set)".to_owned(),
    };
    let text = format!(
        "Error: The window cannot be opened: {reason}. Start it inside a desktop session, or run bitq-node, which needs \
         none.\n"
    );
    say(&mut std::io::stderr(), &text);
    std::process::exit(1)
}

fn run() -> Result<(), String> {
    let command_line =
        CommandLine::parse(Program::Gui, std::env::args_os()).map_err(|error| error.to_string())?;
    if command_line.wants_version() {
        let page = options::version_page(Program::Gui, command_line.program_name());
        say(&mut std::io::stdout(), &page);
        return Ok(());
    }
    if command_line.wants_help() {
        let coin = command_line
            .text("coin")
            .and_then(|name| name.parse().ok())
            .unwrap_or_default();
        let debug = command_line.wants_debug_help();
        let page = options::help_page(Program::Gui, command_line.program_name(), coin, debug);
        say(&mut std::io::stdout(), &page);
        return Ok(());
    }
    let link = payment_link(&command_line)?;
    let folder = common::datadir::window_config_dir().map_err(|error| error.to_string())?;
    let store = Store::new(folder);
    let switches = Switches::read(&command_line, &store);
    if switches.reset {
        let reset = store.reset_all();
        reset.map_err(|error| format!("The window's settings cannot be set back: {error}."))?;
    }
    app::report_crashes(&store, no_display);
    let launch = Launch {
        command_line,
        store,
        link,
        minimised: switches.minimised,
        programs: None,
    };
    app::program(launch)
        .run()
        .map_err(|error| format!("The window cannot be opened: {error}."))
}

/// A payment link may follow the options; any other word is a mistake.
fn payment_link(command_line: &CommandLine) -> Result<Option<String>, String> {
    match command_line.words() {
        [] => Ok(None),
        [word] if word.contains(':') => Ok(Some(word.clone())),
        [word, ..] => Err(format!(
            "Command line contains unexpected token '{word}', see {} -h for a list of options.",
            command_line.program_name()
        )),
    }
}

/// The one place where this program writes to the terminal.
fn say(out: &mut impl std::io::Write, text: &str) {
    // A closed terminal is no reason to fail.
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    drop(std::io::stdout().flush());
}
