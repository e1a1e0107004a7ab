//! The program's mark for the title bar and the task list, drawn from the shapes of `assets/bitq.svg`.

/// Side of the picture, in pixels.
const SIDE: u32 = 64;
/// Side of the drawing that the numbers below belong to.
const DRAWN: f32 = 512.0;
/// Half the width of a stroke.
const STROKE: f32 = 23.0;

type Point = (f32, f32);

/// The icon of the window; `None` where the system takes none.
pub fn window_icon() -> Option<iced::window::Icon> {
    iced::window::icon::from_rgba(pixels(), SIDE, SIDE).ok()
}

/// Red, green, blue and opacity of each pixel.
fn pixels() -> Vec<u8> {
    let step = DRAWN / f32::from(u16::try_from(SIDE).unwrap_or(u16::MAX));
    let mut pixels = Vec::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let middle = |place: u32| (f32::from(u16::try_from(place).unwrap_or(0)) + 0.5) * step;
            pixels.extend(pixel((middle(x), middle(y)), step));
        }
    }
    pixels
}

/// The colour at a point; edges are as soft as one pixel, `soft` of the drawing.
fn pixel(at: Point, soft: f32) -> [u8; 4] {
    let inside = |distance: f32| (0.5 - distance / soft).clamp(0.0, 1.0);
    let blend = |under: [f32; 3], over: [f32; 3], share: f32| {
        [0, 1, 2].map(|part| under[part] + (over[part] - under[part]) * share)
    };
    let light = [158.0, 197.0, 255.0];
    let shade = ((at.0 + at.1) / (2.0 * DRAWN)).clamp(0.0, 1.0);
    let mut color = blend([47.0, 111.0, 222.0], [31.0, 63.0, 143.0], shade);
    let tail = to_line(at, (330.0, 226.0), (330.0, 372.0)).min(to_line(
        at,
        (330.0, 372.0),
        (400.0, 408.0),
    ));
    color = blend(color, light, inside(tail - STROKE));
    let ring = (to_point(at, (234.0, 222.0)) - 96.0).abs();
    let stem = to_line(at, (330.0, 126.0), (330.0, 300.0));
    color = blend(color, [255.0; 3], inside(ring.min(stem) - STROKE));
    color = blend(color, light, inside(to_point(at, (234.0, 222.0)) - 24.0));
    let corner = |part: f32| ((part - 256.0).abs() - (232.0 - 112.0)).max(0.0);
    let ground = inside(corner(at.0).hypot(corner(at.1)) - 112.0);
    let [red, green, blue] = color.map(byte);
    [red, green, blue, byte(ground * 255.0)]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte"
)]
fn byte(part: f32) -> u8 {
    part.round().clamp(0.0, 255.0) as u8
}

fn to_point(at: Point, point: Point) -> f32 {
    (at.0 - point.0).hypot(at.1 - point.1)
}

/// The distance of a point from a line between two others.
fn to_line(at: Point, from: Point, to: Point) -> f32 {
    let (along, across) = (to.0 - from.0, to.1 - from.1);
    let share =
        ((at.0 - from.0) * along + (at.1 - from.1) * across) / (along * along + across * across);
    let share = share.clamp(0.0, 1.0);
    to_point(at, (from.0 + along * share, from.1 + across * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_fills_the_picture_and_leaves_its_corners_free() {
        let pixels = pixels();
        let opacity = |x: usize, y: usize| pixels[(y * 64 + x) * 4 + 3];
        assert_eq!(pixels.len(), 64 * 64 * 4);
        assert_eq!(
            (opacity(0, 0), opacity(63, 63), opacity(32, 32)),
            (0, 0, 255)
        );
        let white = pixels
            .chunks(4)
            .filter(|pixel| pixel[..3] == [255; 3])
            .count();
        assert!(white > 200, "the letter is there: {white} white pixels");
        assert!(window_icon().is_some());
    }
}
