//! The reading of a topic: turns at its brokers, what they bring in the order of each partition, and how complete all that is.
//!
//! A broker that fails, a partition that moves and a batch that cannot be read stop nothing else; only when nothing of the topic
//! can be read any more the reading ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet, spawn_blocking};
use tokio::time::{sleep_until, timeout};

use super::super::broker::Inlet;
use super::super::fault::{Fault, FaultKind};
use super::super::mapping::Mapped;
use super::super::outlet::{Gone, Outlet};
use super::super::webhook::put_aside;
use super::OPENING;
use super::batch::{Batch, Flaw, MAX_BATCH_BYTES, Piece, TakenBack, next_piece};
use super::chunk::Chunk;
use super::cluster::{Cluster, Entered, Layout, MAX_PARTITIONS, Place};
use super::fetch::{Fetched, Portion, Turn, Turned, WAIT, Wanted};
use super::link::Link;
use super::partition::Partition;
use super::wire::refusal;
use crate::clock;
use crate::engine::time::At;

/// How often we look for partitions that were added.
const LOOK: Duration = Duration::from_secs(60);
/// How soon we look for the leader of a partition that has lost it, at first and at last.
const SOON: Duration = Duration::from_millis(250);
const LATE: Duration = Duration::from_secs(8);
/// The broker's word for a place that is none any more.
const OFFSET_OUT_OF_RANGE: i16 = 1;

/// The next offset of each partition, as it is stored.
pub type Offsets = BTreeMap<i32, i64>;

/// One broker.
#[derive(Debug)]
struct Node {
    address: String,
    link: Option<Link>,
    busy: bool,
    /// Turns that it had: each begins with another partition, so that none is always the last.
    turns: usize,
    pause: Duration,
}

/// What was done beside us.
#[derive(Debug)]
enum Done {
    Turn(Box<Turned>),
    Layout(Result<Layout, Fault>),
}

/// Whether the owner is still there.
type Still = Result<(), Gone>;

/// One reading of the topic.
#[derive(Debug)]
pub struct Reader<'r> {
    inlet: &'r Inlet,
    cluster: Arc<Cluster>,
    offsets: Offsets,
    partitions: BTreeMap<i32, Partition>,
    nodes: BTreeMap<i32, Node>,
    work: JoinSet<Done>,
    /// One large answer is in memory at a time.
    large: Arc<Semaphore>,
    looking: bool,
    look_at: Instant,
    look_again: Duration,
    reported: Instant,
}

impl<'r> Reader<'r> {
    #[must_use]
    pub fn new(inlet: &'r Inlet, cluster: Arc<Cluster>, offsets: Offsets) -> Self {
        let now = clock::instant();
        Self {
            inlet,
            cluster,
            offsets,
            partitions: BTreeMap::new(),
            nodes: BTreeMap::new(),
            work: JoinSet::new(),
            large: Arc::new(Semaphore::new(1)),
            looking: false,
            look_at: now + LOOK,
            look_again: SOON,
            reported: now,
        }
    }

    /// Reads until the owner goes. What the journal does not know is read from `start` on.
    ///
    /// # Errors
    /// When nothing of the topic can be read any more.
    pub async fn run(mut self, layout: Layout, start: At, outlet: &mut Outlet) -> Result<(), Fault> {
        self.arrange(layout, Place::At(start))?;
        if outlet.report().await.is_err() {
            return Ok(());
        }
        loop {
            self.dispatch(outlet.now());
            let done = tokio::select! {
                Some(done) = self.work.join_next() => done,
                () = sleep_until(self.look_at.into()), if !self.looking => {
                    self.look();
                    continue;
                }
            };
            let broke = |_: JoinError| Fault::new(FaultKind::Crashed, "a turn at a broker broke");
            let still = match done.map_err(broke)? {
                Done::Layout(layout) => self.looked(layout, outlet).await?,
                Done::Turn(turned) => self.turned(*turned, outlet).await?,
            };
            if still.is_err() {
                return Ok(());
            }
        }
    }

    /// Asks who leads.
    fn look(&mut self) {
        self.looking = true;
        let (cluster, known) = (Arc::clone(&self.cluster), self.nodes.values().map(|node| node.address.clone()).collect::<Vec<_>>());
        self.work.spawn(async move {
            let layout = timeout(OPENING, cluster.layout(&known)).await;
            Done::Layout(layout.unwrap_or_else(|_| Err(Fault::new(FaultKind::Timeout, "the broker is silent"))))
        });
    }

    async fn looked(&mut self, layout: Result<Layout, Fault>, outlet: &mut Outlet) -> Result<Still, Fault> {
        self.looking = false;
        match layout {
            Ok(layout) => {
                self.arrange(layout, Place::Earliest)?;
                Ok(Ok(()))
            }
            // a topic that is gone, or that nobody is left to be asked for
            Err(fault) if fault.kind == FaultKind::Refused || fault.fatal || !self.reads_any() => Err(fault),
            Err(fault) => {
                self.look_later();
                self.tell(&fault, outlet).await
            }
        }
    }

    /// Takes over who leads. A partition that is seen for the first time is entered at `place`, unless the journal knows better.
    fn arrange(&mut self, layout: Layout, place: Place) -> Result<(), Fault> {
        // a topic that was made anew may have fewer partitions
        self.partitions.retain(|id, partition| partition.leader.is_some() || layout.leaders.contains_key(id));
        self.nodes.retain(|id, node| node.busy || layout.brokers.contains_key(id));
        for (partition, leader) in layout.leaders {
            let enter = self.offsets.get(&partition).map_or(place, |known| Place::Known(*known));
            let fresh = || Partition::new(leader, enter);
            let known = self.partitions.entry(partition).or_insert_with(fresh);
            known.leader = known.leader.or(leader);
        }
        for (node, address) in layout.brokers {
            let fresh = || Node { address: address.clone(), link: None, busy: false, turns: 0, pause: Duration::ZERO };
            let known = self.nodes.entry(node).or_insert_with(fresh);
            if known.address != address {
                (known.address, known.link) = (address, None);
            }
        }
        if self.partitions.len() > MAX_PARTITIONS {
            return Err(Fault::new(FaultKind::TooLarge, format!("the topic has had more than {MAX_PARTITIONS} partitions")));
        }
        if !self.reads_any() {
            return Err(Fault::new(FaultKind::Refused, "no partition of the topic has a leader"));
        }
        if self.reads_all() {
            self.look_at = clock::instant() + LOOK
        } else {
            self.look_later()
        }
        Ok(())
    }

    fn reads_any(&self) -> bool {
        self.partitions.values().any(|partition| partition.leader.is_some())
    }
    fn reads_all(&self) -> bool {
        self.partitions.values().all(|partition| partition.leader.is_some())
    }

    /// Looks again soon, and each time later.
    fn look_later(&mut self) {
        self.look_at = clock::instant() + self.look_again;
        self.look_again = (self.look_again * 2).min(LATE);
    }

    /// Gives every broker that is idle its next turn.
    fn dispatch(&mut self, asked: At) {
        for (id, node) in self.nodes.iter_mut().filter(|(_, node)| !node.busy) {
            let led = self.partitions.iter().filter(|(_, partition)| partition.leader == Some(*id));
            let (mut entering, mut reading) = (BTreeMap::new(), Vec::new());
            for (partition, Partition { enter, bytes, .. }) in led {
                match (enter, self.offsets.get(partition)) {
                    (Some(place), _) => drop(entering.insert(*partition, *place)),
                    (None, Some(offset)) => reading.push(Wanted { partition: *partition, offset: *offset, bytes: *bytes }),
                    (None, None) => {}
                }
            }
            if entering.is_empty() && reading.is_empty() {
                continue;
            }
            let first = node.turns % reading.len().max(1);
            reading.rotate_left(first);
            (node.busy, node.turns) = (true, node.turns.wrapping_add(1));
            let turn = Turn {
                node: *id,
                address: node.address.clone(),
                link: node.link.take(),
                cluster: Arc::clone(&self.cluster),
                entering,
                reading,
                large: Arc::clone(&self.large),
                asked,
                pause: std::mem::take(&mut node.pause),
            };
            self.work.spawn(async move { Done::Turn(Box::new(turn.run().await)) });
        }
    }

    /// Takes what a turn brought.
    async fn turned(&mut self, turned: Turned, outlet: &mut Outlet) -> Result<Still, Fault> {
        let Turned { node, asked, link, entered, fetched } = turned;
        if let Some(known) = self.nodes.get_mut(&node) {
            (known.link, known.busy) = (link, false);
        }
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(fault) => {
                let led = self.partitions.iter().filter(|(_, partition)| partition.leader == Some(node)).map(|(id, _)| *id);
                return self.forsake(&led.collect::<Vec<_>>(), fault, outlet).await;
            }
        };
        if self.enter(entered, outlet).await?.is_err() {
            return Ok(Err(Gone));
        }
        let idle = fetched.portions.iter().all(|portion| portion.code == 0 && portion.records.is_empty());
        let Fetched { bytes, portions, pause, permit } = fetched;
        if let Some(known) = self.nodes.get_mut(&node) {
            known.pause = pause;
        }
        for portion in portions {
            let still = match portion.code {
                0 => self.read(&bytes, &portion, (asked, idle), outlet).await?,
                OFFSET_OUT_OF_RANGE => self.begin_anew(&portion, outlet),
                code => self.forsake(&[portion.partition], refusal(code), outlet).await?,
            };
            if still.is_err() {
                return Ok(Err(Gone));
            }
        }
        drop(permit);
        if self.reads_all() {
            self.look_again = SOON;
        }
        self.note(outlet);
        // many partitions have one health
        if self.reported.elapsed() < WAIT {
            return Ok(Ok(()));
        }
        self.reported = clock::instant();
        Ok(outlet.report().await)
    }

    /// Takes over where partitions are read from.
    async fn enter(&mut self, entered: BTreeMap<i32, Result<Entered, i16>>, outlet: &mut Outlet) -> Result<Still, Fault> {
        for (partition, entered) in entered {
            let entered = match entered {
                Ok(entered) => entered,
                Err(code) => {
                    if self.forsake(&[partition], refusal(code), outlet).await?.is_err() {
                        return Ok(Err(Gone));
                    }
                    continue;
                }
            };
            self.offsets.insert(partition, entered.offset);
            if let Some(known) = self.partitions.get_mut(&partition) {
                known.enter = None;
            }
            if entered.gone > 0 {
                gap(outlet, &format!("{} records were deleted before they were read", entered.gone));
            }
        }
        Ok(Ok(()))
    }

    /// Reads these partitions no more until it is known anew who leads them.
    async fn forsake(&mut self, partitions: &[i32], fault: Fault, outlet: &mut Outlet) -> Result<Still, Fault> {
        for partition in partitions {
            if let Some(known) = self.partitions.get_mut(partition) {
                known.leader = None;
            }
        }
        if !self.reads_any() || fault.kind == FaultKind::Unauthorized {
            return Err(fault);
        }
        self.look_later();
        self.tell(&fault, outlet).await
    }

    async fn tell(&self, fault: &Fault, outlet: &mut Outlet) -> Result<Still, Fault> {
        let wait = i64::try_from(self.look_again.as_millis()).unwrap_or(i64::MAX);
        let fault = self.inlet.session.discreet(fault.clone());
        outlet.note_fault(&fault, Some(outlet.now().plus_ms(wait)));
        Ok(outlet.report().await)
    }

    /// The place is none any more: what was there is deleted, or the topic was made anew.
    fn begin_anew(&mut self, portion: &Portion, outlet: &mut Outlet) -> Still {
        let partition = portion.partition;
        let known = self.offsets.get(&partition).copied().filter(|known| portion.start > *known);
        if known.is_none() {
            self.offsets.remove(&partition);
            gap(outlet, &format!("partition {partition} has lost the place where it was read to, and is read from its beginning"));
        }
        if let Some(entry) = self.partitions.get_mut(&partition) {
            entry.enter = Some(known.map_or(Place::Earliest, Place::Known));
            if let Some(node) = entry.leader.and_then(|leader| self.nodes.get_mut(&leader)) {
                node.pause = SOON;
            }
        }
        Ok(())
    }

    /// Reads what was fetched of a partition, batch by batch.
    async fn read(
        &mut self,
        bytes: &Arc<Vec<u8>>,
        portion: &Portion,
        (asked, idle): (At, bool),
        outlet: &mut Outlet,
    ) -> Result<Still, Fault> {
        let (partition, mut at) = (portion.partition, portion.records.start);
        let Some(want) = self.offsets.get(&partition).copied() else { return Ok(Ok(())) };
        let mut taken_back = TakenBack::new(portion.aborted.clone());
        let mut chunk = Chunk::at(want);
        let (mut cut, mut whole) = (None, true);
        while let Some((piece, length)) = next_piece(&bytes[at..portion.records.end]) {
            let still = match piece {
                Piece::Batch(batch) if batch.last < chunk.next => Ok(()),
                Piece::Batch(batch) if taken_back.hides(&batch) => {
                    chunk.next = batch.last.saturating_add(1);
                    Ok(())
                }
                Piece::Batch(batch) => {
                    let body = at + length - batch.body.len();
                    self.open(partition, &batch, (bytes, body), (&mut chunk, asked), outlet).await?
                }
                Piece::Flawed { first, last, flaw } => {
                    // what such a batch says of itself is not held against a checksum
                    let last = last.min(portion.end.saturating_sub(1)).max(first);
                    self.leave_out(partition, (first, last, flaw), (&mut chunk, asked), outlet).await?
                }
                Piece::Damaged { first, last, print }
                    if self.partitions.get_mut(&partition).is_some_and(|known| known.is_damaged_for_good(print)) =>
                {
                    let sound = (first..=last).contains(&chunk.next) && last < portion.end;
                    let last = if sound { last } else { chunk.next };
                    self.leave_out(partition, (first, last, Flaw::Checksum), (&mut chunk, asked), outlet).await?
                }
                Piece::Damaged { .. } => {
                    whole = false;
                    self.fetch_again(partition, chunk.next, outlet).await?
                }
                Piece::Cut(needed) => {
                    (cut, whole) = (Some(needed), false);
                    Ok(())
                }
            };
            if still.is_err() {
                return Ok(Err(Gone));
            }
            if !whole {
                break;
            }
            at += length;
        }
        let next = chunk.next;
        let settled = self.partitions.get_mut(&partition).map_or(Ok(()), |known| known.settle(next > want, cut));
        if let Err(never) = settled {
            return self.forsake(&[partition], never, outlet).await;
        }
        if let Some(known) = self.partitions.get_mut(&partition)
            && whole
            && (next >= portion.end || idle)
        {
            (known.read_to, known.caught_up) = (Some(asked), true);
        }
        self.flush(partition, (&mut chunk, asked), outlet).await
    }

    /// Unpacks a batch and reads its records; those from `at` on are its body.
    async fn open(
        &mut self,
        partition: i32,
        batch: &Batch<'_>,
        (bytes, at): (&Arc<Vec<u8>>, usize),
        (chunk, asked): (&mut Chunk, At),
        outlet: &mut Outlet,
    ) -> Result<Still, Fault> {
        let unpacked = match batch.codec {
            None => Ok(None),
            Some(Err(unknown)) => Err(Flaw::Codec(unknown)),
            Some(Ok(codec)) => {
                let (bytes, body) = (Arc::clone(bytes), at..at + batch.body.len());
                let unpacking = spawn_blocking(move || codec.unpack(&bytes[body], MAX_BATCH_BYTES)).await;
                unpacking.map_err(|_| Fault::new(FaultKind::Crashed, "the unpacking of a batch broke"))?.map(Some)
            }
        };
        let plain = match &unpacked {
            Ok(plain) => plain.as_deref().unwrap_or(batch.body),
            Err(flaw) => return self.leave_out(partition, (batch.first, batch.last, *flaw), (chunk, asked), outlet).await,
        };
        for record in batch.records(plain) {
            let want = chunk.next;
            let Ok(record) = record else {
                return self.leave_out(partition, (want, batch.last, Flaw::Records), (chunk, asked), outlet).await;
            };
            if record.offset < want {
                continue;
            }
            chunk.take(partition, &self.cluster.topic, &record);
            if chunk.is_full() && self.flush(partition, (chunk, asked), outlet).await?.is_err() {
                return Ok(Err(Gone));
            }
        }
        chunk.next = batch.last.saturating_add(1);
        Ok(Ok(()))
    }

    /// Goes on behind a batch that cannot be read: it is put aside, and its place is told.
    async fn leave_out(
        &mut self,
        partition: i32,
        (first, last, flaw): (i64, i64, Flaw),
        (chunk, asked): (&mut Chunk, At),
        outlet: &mut Outlet,
    ) -> Result<Still, Fault> {
        let first = first.max(chunk.next);
        if last < first {
            return Ok(Ok(()));
        }
        if self.flush(partition, (chunk, asked), outlet).await?.is_err() {
            return Ok(Err(Gone));
        }
        let place = if first == last {
            format!("partition {partition} offset {first}")
        } else {
            format!("partition {partition} offsets {first} to {last}")
        };
        let kind = if matches!(flaw, Flaw::Packed | Flaw::Unpacked) { FaultKind::TooLarge } else { FaultKind::BadBody };
        let mut mapped = put_aside(&Fault::new(kind, flaw.to_string()), &[]);
        mapped.rejected.iter_mut().for_each(|rejected| rejected.place.clone_from(&place));
        gap(outlet, &format!("{place}: {}: {flaw}", kind.id()));
        chunk.next = last.saturating_add(1);
        self.deliver(partition, mapped, chunk, outlet).await
    }

    /// A batch came damaged: it is fetched again after a while, by another connection.
    async fn fetch_again(&mut self, partition: i32, offset: i64, outlet: &mut Outlet) -> Result<Still, Fault> {
        let known = self.partitions.get(&partition);
        let times = known.and_then(|known| known.damage).map_or(1, |(_, times)| times);
        if let Some(node) = known.and_then(|known| known.leader).and_then(|leader| self.nodes.get_mut(&leader)) {
            (node.link, node.pause) = (None, SOON * times);
        }
        let fault = Fault::new(FaultKind::BadBody, format!("partition {partition} offset {offset}: {}", Flaw::Checksum));
        self.tell(&fault, outlet).await
    }

    /// Hands over the records that were gathered.
    async fn flush(&mut self, partition: i32, (chunk, asked): (&mut Chunk, At), outlet: &mut Outlet) -> Result<Still, Fault> {
        if chunk.is_empty() {
            self.offsets.insert(partition, chunk.next);
            return Ok(Ok(()));
        }
        let mapped = self.inlet.read(chunk.drain(), outlet.now()).await?;
        if let Some(known) = self.partitions.get_mut(&partition) {
            known.read_to = known.read_to.max(chunk.told.map(|told| told.min(asked)));
        }
        self.deliver(partition, mapped, chunk, outlet).await
    }

    async fn deliver(&mut self, partition: i32, mapped: Mapped, chunk: &Chunk, outlet: &mut Outlet) -> Result<Still, Fault> {
        self.offsets.insert(partition, chunk.next);
        self.note(outlet);
        Ok(outlet.deliver(mapped, serde_json::to_string(&self.offsets).ok()).await)
    }

    /// Complete is what all partitions have told.
    fn note(&self, outlet: &mut Outlet) {
        if !self.reads_all() || self.partitions.values().any(|partition| partition.damage.is_some()) {
            return;
        }
        let told: Option<At> = self.partitions.values().map(|partition| partition.read_to).min().flatten();
        let Some(told) = told else { return };
        if self.partitions.values().all(|partition| partition.caught_up) { outlet.note_success(told) } else { outlet.note_progress(told) }
    }
}

/// Records that nobody will see any more, or that were left out.
fn gap(outlet: &mut Outlet, what: &str) {
    outlet.note(|state| {
        state.errors += 1;
        state.last_error = Some(format!("gap: {what}").into());
    });
}
