//! Deployments as the options of a test network set them: `-testactivationheight` and `-vbparams`.

use primitives::ChainParams;
use primitives::params::{Deployment, DeploymentId, DeploymentStart};

use super::{BuriedDeployment, deployment_name};

/// A value of `-testactivationheight` or `-vbparams` that cannot be used. Shown as Core's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// No `name@height`.
    #[error("Invalid format ({0}) for -testactivationheight=name@height.")]
    Format(String),
    /// The height is no number, or out of range.
    #[error("Invalid height value ({0}) for -testactivationheight=name@height.")]
    Height(String),
    /// The name is none of a buried deployment.
    #[error("Invalid name ({0}) for -testactivationheight=name@height.")]
    Name(String),
    /// Not three or four fields.
    #[error(
        "Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]"
    )]
    Malformed,
    /// The start is no number.
    #[error("Invalid nStartTime ({0})")]
    StartTime(String),
    /// The end is no number.
    #[error("Invalid nTimeout ({0})")]
    Timeout(String),
    /// The least height is no number, or out of range.
    #[error("Invalid min_activation_height ({0})")]
    MinActivationHeight(String),
    /// No deployment has that name.
    #[error("Invalid deployment ({0})")]
    Deployment(String),
}

/// New values for one version-bits deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct VersionBits {
    id: DeploymentId,
    start: DeploymentStart,
    timeout: Option<i64>,
    min_activation_height: u32,
}

/// What the options change. The last value for a deployment counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentOverrides {
    heights: Vec<(BuriedDeployment, u32)>,
    version_bits: Vec<VersionBits>,
}

impl DeploymentOverrides {
    /// Takes a value of `-testactivationheight`: `name@height`.
    ///
    /// # Errors
    /// An [`OverrideError`] with Core's message.
    pub fn add_activation_height(&mut self, value: &str) -> Result<(), OverrideError> {
        let (name, height) = value
            .split_once('@')
            .ok_or_else(|| OverrideError::Format(value.to_owned()))?;
        let height = integer(height)
            .filter(|height| *height < i64::from(i32::MAX))
            .and_then(|height| u32::try_from(height).ok())
            .ok_or_else(|| OverrideError::Height(value.to_owned()))?;
        let deployment = match name {
            "segwit" => BuriedDeployment::Segwit,
            "bip34" => BuriedDeployment::HeightInCoinbase,
            "dersig" => BuriedDeployment::Dersig,
            "cltv" => BuriedDeployment::Cltv,
            "csv" => BuriedDeployment::Csv,
            _ => return Err(OverrideError::Name(value.to_owned())),
        };
        self.heights.push((deployment, height));
        Ok(())
    }

    /// Takes a value of `-vbparams`: `deployment:start:end[:min_activation_height]`, start and end in
    /// seconds since 1970; -1 as start is always, -2 never.
    ///
    /// # Errors
    /// An [`OverrideError`] with Core's message.
    pub fn add_version_bits(&mut self, value: &str) -> Result<(), OverrideError> {
        let fields: Vec<&str> = value.split(':').collect();
        let (name, start, timeout, least) = match fields.as_slice() {
            [name, start, timeout] => (*name, *start, *timeout, "0"),
            [name, start, timeout, least] => (*name, *start, *timeout, *least),
            _ => return Err(OverrideError::Malformed),
        };
        let start = integer(start).ok_or_else(|| OverrideError::StartTime(start.to_owned()))?;
        let timeout = integer(timeout).ok_or_else(|| OverrideError::Timeout(timeout.to_owned()))?;
        let min_activation_height = integer(least)
            .and_then(|height| u32::try_from(height).ok())
            .ok_or_else(|| OverrideError::MinActivationHeight(least.to_owned()))?;
        let id = [DeploymentId::TestDummy, DeploymentId::Taproot]
            .into_iter()
            .find(|id| deployment_name(*id) == name)
            .ok_or_else(|| OverrideError::Deployment(name.to_owned()))?;
        let start = match start {
            -1 => DeploymentStart::Always,
            -2 => DeploymentStart::Never,
            start => DeploymentStart::At(start),
        };
        let timeout = Some(timeout).filter(|timeout| *timeout != i64::MAX);
        self.version_bits.push(VersionBits {
            id,
            start,
            timeout,
            min_activation_height,
        });
        Ok(())
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.heights.is_empty() && self.version_bits.is_empty()
    }

    /// The parameters with these changes.
    ///
    /// A changed list of deployments stays in memory until the process ends, as the built-in ones
    /// do: this is called once, at start.
    ///
    /// # Errors
    /// [`OverrideError::Deployment`] where the chain does not know a deployment.
    pub fn apply(&self, params: &ChainParams) -> Result<ChainParams, OverrideError> {
        let mut params = params.clone();
        for (deployment, height) in &self.heights {
            *match deployment {
                BuriedDeployment::HeightInCoinbase => &mut params.bip34_height,
                BuriedDeployment::Cltv => &mut params.bip65_height,
                BuriedDeployment::Dersig => &mut params.bip66_height,
                BuriedDeployment::Csv => &mut params.csv_height,
                BuriedDeployment::Segwit => &mut params.segwit_height,
            } = *height;
        }
        if self.version_bits.is_empty() {
            return Ok(params);
        }
        let mut deployments: Vec<Deployment> = params.deployments.to_vec();
        for new in &self.version_bits {
            let deployment = deployments
                .iter_mut()
                .find(|deployment| deployment.id == new.id)
                .ok_or_else(|| OverrideError::Deployment(deployment_name(new.id).to_owned()))?;
            deployment.start = new.start;
            deployment.timeout = new.timeout;
            deployment.min_activation_height = new.min_activation_height;
        }
        params.deployments = deployments.leak();
        Ok(params)
    }
}

/// A decimal number without plus sign or spaces (Core's `ToIntegral`).
fn integer(text: &str) -> Option<i64> {
    if text.starts_with('+') {
        None
    } else {
        text.parse().ok()
    }
}
