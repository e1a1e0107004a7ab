#!/bin/bash
# Untested: written without a Mac at hand. Run on macOS, from the root of the checkout:
#   packaging/macos/make-dmg.sh
# Makes target/package/bitq-<version>.dmg. Signing: set CODESIGN_IDENTITY.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
app=target/package/bitq.app
cargo build --release --locked --bins

rm -rf "$app"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources"
for program in bitq bitqd bitq-node bitq-wallet bitq-cli bitq-gui; do
    cp "target/release/$program" "$app/Contents/MacOS/"
done
sed "s/@VERSION@/$version/" packaging/macos/Info.plist >"$app/Contents/Info.plist"

icons=target/package/bitq.iconset
rm -rf "$icons"
mkdir -p "$icons"
for size in 16 32 128 256 512; do
    rsvg-convert -w "$size" -h "$size" assets/bitq.svg -o "$icons/icon_${size}x$size.png"
    rsvg-convert -w $((size * 2)) -h $((size * 2)) assets/bitq.svg -o "$icons/icon_${size}x$size@2x.png"
done
iconutil -c icns -o "$app/Contents/Resources/bitq.icns" "$icons"

if [ -n "${CODESIGN_IDENTITY:-}" ]; then
    codesign --force --options runtime --deep --sign "$CODESIGN_IDENTITY" "$app"
fi
hdiutil create -volname bitq -srcfolder "$app" -ov -format UDZO "target/package/bitq-$version.dmg"
