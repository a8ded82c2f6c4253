//! The least value of a smooth function of a few variables, and how well it is known where the function is a likelihood.

/// Steps of one search, at most.
const STEPS: usize = 4_000;
/// A search begins again where it ended, until it no longer gains so much.
const GAIN: f64 = 1e-9;
const RESTARTS: usize = 8;
/// Step of numerical derivatives, of variables that are logarithms.
const STEP: f64 = 1e-4;

/// The covariance of variables at the least value of a negative log-likelihood.
pub type Spread<const N: usize> = [[f64; N]; N];

/// Where a function is least, by the simplex of Nelder and Mead, begun again until it stands still.
#[must_use]
pub fn least<const N: usize>(cost: &impl Fn(&[f64; N]) -> f64, from: &[f64; N]) -> Option<[f64; N]> {
    let mut at = *from;
    let mut value = cost(&at);
    for _ in 0..RESTARTS {
        let (found, found_value) = search(cost, &at, value);
        let gained = value - found_value;
        (at, value) = (found, found_value);
        if gained <= GAIN * (1.0 + value.abs()) {
            break;
        }
    }
    (value.is_finite() && at.iter().all(|part| part.is_finite() && part.abs() < 50.0)).then_some(at)
}

/// A point with its value; what is no number counts as the worst.
type Corner<const N: usize> = ([f64; N], f64);

fn search<const N: usize>(cost: &impl Fn(&[f64; N]) -> f64, from: &[f64; N], value: f64) -> Corner<N> {
    let look = |point: [f64; N]| {
        let value = cost(&point);
        (point, if value.is_nan() { f64::INFINITY } else { value })
    };
    let mut corners: Vec<Corner<N>> = vec![(*from, value)];
    for axis in 0..N {
        let mut point = *from;
        point[axis] += 0.4;
        corners.push(look(point));
    }
    for _ in 0..STEPS {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst, second) = (corners[0], corners[N], corners[N - 1]);
        let wide = (0..N).map(|axis| (worst.0[axis] - best.0[axis]).abs()).fold(0.0, f64::max);
        if (worst.1 - best.1).abs() <= 1e-12 * (1.0 + best.1.abs()) && wide < 1e-7 {
            break;
        }
        let middle: [f64; N] = std::array::from_fn(|axis| corners[..N].iter().map(|corner| corner.0[axis]).sum::<f64>() / count(N));
        let beyond = |by: f64| look(std::array::from_fn(|axis| middle[axis] + by * (middle[axis] - worst.0[axis])));
        let reflected = beyond(1.0);
        let next = if reflected.1 < best.1 {
            let farther = beyond(2.0);
            if farther.1 < reflected.1 { farther } else { reflected }
        } else if reflected.1 < second.1 {
            reflected
        } else {
            beyond(if reflected.1 < worst.1 { 0.5 } else { -0.5 })
        };
        if next.1 < worst.1 {
            corners[N] = next;
        } else {
            for corner in corners.iter_mut().skip(1) {
                *corner = look(std::array::from_fn(|axis| f64::midpoint(best.0[axis], corner.0[axis])));
            }
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners[0]
}

/// The covariance at the least value: the inverse of the curvature. `None` where there is no least value in every direction.
#[must_use]
pub fn spread<const N: usize>(cost: &impl Fn(&[f64; N]) -> f64, at: &[f64; N]) -> Option<Spread<N>> {
    let moved = |moves: &[(usize, f64)]| {
        let mut point = *at;
        for (axis, by) in moves {
            point[*axis] += by;
        }
        cost(&point)
    };
    let centre = cost(at);
    let step = STEP * 10.0;
    let curvature: [[f64; N]; N] = std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            if i == j {
                return (moved(&[(i, step)]) - 2.0 * centre + moved(&[(i, -step)])) / (step * step);
            }
            let cross = |a: f64, b: f64| moved(&[(i, a), (j, b)]);
            (cross(step, step) - cross(step, -step) - cross(-step, step) + cross(-step, -step)) / (4.0 * step * step)
        })
    });
    let inverse = inverse(curvature)?;
    (0..N).all(|axis| inverse[axis][axis] > 0.0).then_some(inverse)
}

/// The inverse by Gauss and Jordan.
fn inverse<const N: usize>(mut left: [[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut right: [[f64; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 }));
    for column in 0..N {
        let pivot = (column..N).max_by(|a, b| left[*a][column].abs().total_cmp(&left[*b][column].abs()))?;
        if !left[pivot][column].is_finite() || left[pivot][column].abs() < 1e-12 {
            return None;
        }
        left.swap(column, pivot);
        right.swap(column, pivot);
        let by = left[column][column];
        left[column] = left[column].map(|cell| cell / by);
        right[column] = right[column].map(|cell| cell / by);
        let (own_left, own_right) = (left[column], right[column]);
        for row in (0..N).filter(|row| *row != column) {
            let by = left[row][column];
            for place in 0..N {
                left[row][place] -= by * own_left[place];
                right[row][place] -= by * own_right[place];
            }
        }
    }
    Some(right)
}

/// The variance of a figure of two independent models' variables, by the delta method.
#[must_use]
pub fn variance<const A: usize, const B: usize, const N: usize>(
    figure: &impl Fn(&[f64; N]) -> f64,
    at: &[f64; N],
    spreads: (&Spread<A>, &Spread<B>),
) -> Option<f64> {
    let slope: [f64; N] = std::array::from_fn(|axis| {
        let moved = |by: f64| {
            let mut point = *at;
            point[axis] += by;
            figure(&point)
        };
        (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
    });
    let mut sum = 0.0;
    for (i, row) in spreads.0.iter().enumerate() {
        sum += row.iter().enumerate().map(|(j, cell)| slope[i] * cell * slope[j]).sum::<f64>();
    }
    for (i, row) in spreads.1.iter().enumerate() {
        sum += row.iter().enumerate().map(|(j, cell)| slope[A + i] * cell * slope[A + j]).sum::<f64>();
    }
    (sum.is_finite() && sum >= 0.0).then_some(sum)
}

#[expect(clippy::cast_precision_loss, reason = "the number of variables")]
const fn count(number: usize) -> f64 {
    number as f64
}
