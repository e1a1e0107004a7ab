//! Spacing on a 4 px grid, the type scale and the fixed sizes of controls, all in logical pixels.

/// Spacing between things that belong together.
pub const S1: f32 = 4.0;
/// Spacing inside a row.
pub const S2: f32 = 8.0;
/// Spacing between rows of a form.
pub const S3: f32 = 12.0;
/// Padding of a card.
pub const S4: f32 = 16.0;
/// Spacing between groups and the padding of a page.
pub const S5: f32 = 24.0;
/// Spacing between large blocks.
pub const S6: f32 = 32.0;

/// Text of badges and captions.
pub const TEXT_SMALL: f32 = 12.0;
/// Text of controls, rows and paragraphs.
pub const TEXT: f32 = 14.0;
/// Text of card headings.
pub const TEXT_LARGE: f32 = 16.0;
/// Text of page headings.
pub const TEXT_TITLE: f32 = 20.0;
/// The one figure a page is about.
pub const TEXT_HERO: f32 = 28.0;

/// Corner radius of cards, fields and buttons.
pub const RADIUS: f32 = 6.0;
/// Corner radius of small things: badges, bars.
pub const RADIUS_SMALL: f32 = 4.0;
/// A radius that makes any bar end round.
pub const RADIUS_ROUND: f32 = 999.0;
/// Width of lines and borders.
pub const LINE: f32 = 1.0;
/// Width of the keyboard focus ring.
pub const RING: f32 = 2.0;
/// Gap between a control and its focus ring.
pub const RING_GAP: f32 = 1.0;

/// Height of buttons and fields; also the smallest side of anything that can be clicked.
pub const CONTROL: f32 = 34.0;
/// Row height of lists.
pub const ROW: f32 = 36.0;
/// Row height of lists when the compact setting is on.
pub const ROW_COMPACT: f32 = 28.0;
/// Row height of console and log lines.
pub const ROW_TEXT: f32 = 20.0;
/// Side of an icon in a control.
pub const ICON: f32 = 16.0;
/// Side of an icon in an empty page.
pub const ICON_LARGE: f32 = 32.0;

/// Width of the rail with words.
pub const RAIL: f32 = 184.0;
/// Width of the rail folded to icons.
pub const RAIL_FOLDED: f32 = 56.0;
/// Window width under which the rail folds to icons.
pub const FOLD_RAIL: f32 = 900.0;
/// Window width under which the rail becomes a drawer.
pub const HIDE_RAIL: f32 = 640.0;
/// Window width under which the status bar has no room for a task.
pub const STATUS_TASK: f32 = 760.0;
/// Width of a details drawer.
pub const DRAWER: f32 = 340.0;
/// Widest column of a form or of text.
pub const COLUMN: f32 = 720.0;
/// Widest a page grows.
pub const PAGE: f32 = 1040.0;
/// Width of the command palette.
pub const PALETTE: f32 = 560.0;
/// Width of the label column of a form.
pub const LABEL: f32 = 132.0;
/// Side of the QR code with its margin.
pub const QR: f32 = 232.0;
/// Height of the top bar.
pub const TOP_BAR: f32 = 52.0;
/// Height of the status bar.
pub const STATUS_BAR: f32 = 30.0;
/// Height of progress bars.
pub const BAR: f32 = 6.0;
/// Width of scroll bars.
pub const SCROLL: f32 = 8.0;
/// Width of the strip that carries the network's tint.
pub const STRIP: f32 = 3.0;
