//! `_statistics`: the quantiles of the normal distribution.
//!
//! Algorithm AS 241 (Wichura, 1988), PPND16: three quotients of polynomials, for the middle, the tails and
//! the far tails, with a relative error of about 1e-16.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref};

/// Accelerators for the statistics module.
#[pymodule(name = "_statistics", functions(_normal_dist_inv_cdf))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Coefficients of a polynomial, the highest power first.
type Polynomial = [f64; 8];

const MIDDLE: (Polynomial, Polynomial) = (
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
);

const TAIL: (Polynomial, Polynomial) = (
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
);

const FAR_TAIL: (Polynomial, Polynomial) = (
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_8e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
);

fn quotient((above, below): &(Polynomial, Polynomial), x: f64) -> (f64, f64) {
    let value = |polynomial: &Polynomial| {
        polynomial
            .iter()
            .skip(1)
            .fold(polynomial[0], |sum, coefficient| sum * x + coefficient)
    };
    (value(above), value(below))
}

/// Where the normal distribution has collected the probability `p`.
#[pyfunction("_normal_dist_inv_cdf(p, mu, sigma, /)")]
fn _normal_dist_inv_cdf(_cx: &Context, p: f64, mu: f64, sigma: f64) -> PyResult<f64> {
    const SPLIT: f64 = 0.425;
    const FAR: f64 = 5.0;
    let from_middle = p - 0.5;
    if from_middle.abs() <= SPLIT {
        let (above, below) = quotient(&MIDDLE, SPLIT * SPLIT - from_middle * from_middle);
        return Ok(mu + above * from_middle / below * sigma);
    }
    let outside = if from_middle <= 0.0 { p } else { 1.0 - p };
    if !(outside > 0.0 && outside < 1.0) {
        return Ok(f64::NAN);
    }
    let distance = (-outside.ln()).sqrt();
    let (above, below) = if distance <= FAR {
        quotient(&TAIL, distance - 1.6)
    } else {
        quotient(&FAR_TAIL, distance - FAR)
    };
    let deviation = above / below;
    let signed = if from_middle < 0.0 {
        -deviation
    } else {
        deviation
    };
    Ok(mu + signed * sigma)
}
