//! The only place that writes to the terminal.

/// Writes one line to standard output.
#[expect(clippy::print_stdout, reason = "the program's one output function")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Writes one line to standard error.
#[expect(clippy::print_stderr, reason = "the program's one error function")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
