//! The settings of a process on their way to a child: `common`'s form and the wire's.

use common::options::{Snapshot, SnapshotLayer, Source};
use ipc_schema::{OptionLayer, OptionValues, SettingSource, StartOptions};

/// For the wire.
pub fn to_wire(snapshot: Snapshot) -> StartOptions {
    let layer = |layer: SnapshotLayer| OptionLayer {
        source: wire_source(layer.source),
        section: layer.section,
        options: layer
            .options
            .into_iter()
            .map(|(name, values)| OptionValues { name, values })
            .collect(),
    };
    StartOptions {
        layers: snapshot.layers.into_iter().map(layer).collect(),
        config_path: snapshot.config_path,
    }
}

/// From the wire.
pub fn from_wire(options: StartOptions) -> Snapshot {
    let layer = |layer: OptionLayer| SnapshotLayer {
        source: match layer.source {
            SettingSource::Forced => Source::Forced,
            SettingSource::CommandLine => Source::CommandLine,
            SettingSource::SettingsFile => Source::SettingsFile,
            SettingSource::ConfigFile if layer.section.is_empty() => Source::ConfigDefault,
            SettingSource::ConfigFile => Source::ConfigSection,
            SettingSource::Default => Source::Default,
        },
        section: layer.section,
        options: layer
            .options
            .into_iter()
            .map(|o| (o.name, o.values))
            .collect(),
    };
    Snapshot {
        layers: options.layers.into_iter().map(layer).collect(),
        config_path: options.config_path,
    }
}

/// Where a value comes from, as the window is told.
pub(crate) const fn wire_source(source: Source) -> SettingSource {
    match source {
        Source::Forced => SettingSource::Forced,
        Source::CommandLine => SettingSource::CommandLine,
        Source::SettingsFile => SettingSource::SettingsFile,
        Source::ConfigSection | Source::ConfigDefault => SettingSource::ConfigFile,
        Source::Default => SettingSource::Default,
    }
}
