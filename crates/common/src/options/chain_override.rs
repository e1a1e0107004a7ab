//! Options that change a test chain: heights of rules, version bits, the signet's script.

use primitives::params::{Deployment, DeploymentId, DeploymentStart};
use primitives::{ChainParams, Network, U256, encode::Sink, hash};

use super::config::Config;
use super::error::OptionsError;

/// Start or end of a deployment that stands for "always" (Core's `ALWAYS_ACTIVE`).
const ALWAYS: i64 = -1;
/// Start of a deployment that stands for "never" (Core's `NEVER_ACTIVE`).
const NEVER: i64 = -2;
/// From this height on regtest prunes, with small block files.
const FAST_PRUNE_HEIGHT: u32 = 100;

impl Config {
    /// Puts the options that change a test chain into effect: [`Config::params`] then returns the changed chain.
    ///
    /// # Errors
    /// [`OptionsError::Value`].
    pub(super) fn override_chain(&mut self) -> Result<(), OptionsError> {
        let value = |text: &str| Err(OptionsError::Value(text.to_owned()));
        if self.params.network == Network::Main {
            if self.is_set("testactivationheight") {
                return value("The -testactivationheight option may not be used on mainnet.");
            }
            if self.is_set("vbparams") {
                return value("The -vbparams option may not be used on mainnet.");
            }
            return Ok(());
        }
        let mut params = self.params.clone();
        for text in self.get_list("testactivationheight") {
            set_height(&mut params, &text)?;
        }
        for text in self.get_list("vbparams") {
            set_deployment(&mut params, &text)?;
        }
        match params.network {
            Network::Signet => self.set_challenge(&mut params)?,
            Network::Regtest => {
                if self.get_list("test").iter().any(|option| option == "bip94") {
                    params.bip94 = true;
                }
                if self.get_bool("fastprune") {
                    params.prune_after_height = FAST_PRUNE_HEIGHT;
                }
            }
            _ => {}
        }
        if params != *self.params {
            // Once per process: parameters are handed around by reference until it ends.
            self.params = Box::leak(Box::new(params));
        }
        Ok(())
    }

    fn set_challenge(&self, params: &mut ChainParams) -> Result<(), OptionsError> {
        let texts = self.get_list("signetchallenge");
        let script = match texts.as_slice() {
            [] => return Ok(()),
            [text] => hash::from_hex(text).ok_or_else(|| {
                OptionsError::Value(format!("-signetchallenge must be hex, not '{text}'."))
            })?,
            _ => {
                let text = "-signetchallenge cannot be multiple values.".to_owned();
                return Err(OptionsError::Value(text));
            }
        };
        // The magic of a signet is taken from its script, as serialized with its length (BIP325).
        let mut serialized = Vec::with_capacity(script.len() + 9);
        serialized.put_var_bytes(&script);
        let digest = params.hashes.tx(&serialized);
        params.magic.copy_from_slice(&digest[..4]);
        params.signet_challenge = Some(Box::leak(script.into_boxed_slice()));
        params.min_chain_work = U256::default();
        params.assume_valid = None;
        params.assumeutxo = &[];
        params.dns_seeds = &[];
        params.fixed_seeds = &[];
        Ok(())
    }
}

fn set_height(params: &mut ChainParams, text: &str) -> Result<(), OptionsError> {
    let error = |what: &str| {
        OptionsError::Value(format!(
            "Invalid {what} ({text}) for -testactivationheight=name@height."
        ))
    };
    let (name, height) = text.split_once('@').ok_or_else(|| error("format"))?;
    let height = whole::<i32>(height)
        .filter(|height| *height != i32::MAX)
        .and_then(|height| u32::try_from(height).ok())
        .ok_or_else(|| error("height value"))?;
    let rule = match name {
        "segwit" => &mut params.segwit_height,
        "bip34" => &mut params.bip34_height,
        "dersig" => &mut params.bip66_height,
        "cltv" => &mut params.bip65_height,
        "csv" => &mut params.csv_height,
        _ => return Err(error("name")),
    };
    *rule = height;
    Ok(())
}

fn set_deployment(params: &mut ChainParams, text: &str) -> Result<(), OptionsError> {
    let value = |text: String| OptionsError::Value(text);
    let parts: Vec<&str> = text.split(':').collect();
    let (name, start, end, height) = match parts[..] {
        [name, start, end] => (name, start, end, "0"),
        [name, start, end, height] => (name, start, end, height),
        _ => {
            return Err(value(
                "Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]"
                    .to_owned(),
            ));
        }
    };
    let start =
        whole::<i64>(start).ok_or_else(|| value(format!("Invalid nStartTime ({start})")))?;
    let timeout = whole::<i64>(end).ok_or_else(|| value(format!("Invalid nTimeout ({end})")))?;
    let min_activation_height = whole::<u32>(height)
        .ok_or_else(|| value(format!("Invalid min_activation_height ({height})")))?;
    let id = match name {
        "testdummy" => DeploymentId::TestDummy,
        "taproot" => DeploymentId::Taproot,
        _ => return Err(value(format!("Invalid deployment ({name})"))),
    };
    let changed = |deployment: &Deployment| Deployment {
        start: match start {
            ALWAYS => DeploymentStart::Always,
            NEVER => DeploymentStart::Never,
            time => DeploymentStart::At(time),
        },
        timeout: (timeout != i64::MAX).then_some(timeout),
        min_activation_height,
        ..*deployment
    };
    if !params
        .deployments
        .iter()
        .any(|deployment| deployment.id == id)
    {
        return Err(value(format!("Invalid deployment ({name})")));
    }
    let deployments: Vec<Deployment> = params
        .deployments
        .iter()
        .map(|deployment| {
            if deployment.id == id {
                changed(deployment)
            } else {
                *deployment
            }
        })
        .collect();
    params.deployments = Box::leak(deployments.into_boxed_slice());
    Ok(())
}

/// Reads a whole number written with digits and at most a minus sign.
pub(super) fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.starts_with('+') {
        None
    } else {
        text.parse().ok()
    }
}
