//! The books of names: every sku, visitor, cart … that a feed wrote is interned once and carried as four bytes.

use crate::engine::id::{Name, Names, Sym, Table};
use crate::engine::plan::Plan;
use crate::engine::text::clean;

/// Longest title of a product that is kept.
const TITLE_COLUMNS: usize = 60;

/// Where a sku leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Home {
    /// The planned or aliased product; `None` for a sku that the plan does not know.
    product: Option<Sym>,
    /// True once something was counted for it.
    counted: bool,
}

/// The names of one broadcast by kind. Product aliases and variants lead home to the product's main sku.
#[derive(Clone, Debug, Default)]
pub struct Books {
    pub sources: Names,
    /// Skus as written; [`Books::product`] leads to the product that they belong to.
    pub skus: Names,
    pub visitors: Names,
    pub authors: Names,
    pub carts: Names,
    pub orders: Names,
    pub payments: Names,
    pub customers: Names,
    pub channels: Names,
    pub methods: Names,
    pub campaigns: Names,
    pub locations: Names,
    /// What the plan makes of a sku or product id, beside `skus`.
    homes: Vec<Home>,
    /// What a shop calls a product in the lines of orders and carts.
    titles: Table<Sym, Name>,
}

impl Books {
    /// Books that know the plan's products and the standard channels.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut books = Self::default();
        for channel in ["organic", "paid", "direct_link"] {
            books.channels.intern(channel);
        }
        for channel in &plan.channels {
            books.channels.intern(&channel.name);
        }
        for product in &plan.products {
            books.product(&product.sku, None, plan);
        }
        books
    }

    /// Takes another plan: from now on skus lead where its products and aliases say. What was counted stays where it is.
    pub fn replan(&mut self, plan: &Plan) {
        for index in 0..self.homes.len() {
            let sku = Sym(u32::try_from(index).unwrap_or(u32::MAX));
            let product = planned_sku(self.skus.text(sku), plan).map(|main| self.skus.intern(main));
            self.homes[index].product = product;
        }
    }

    /// A copy whose long lists of names are at rest.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        Self {
            sources: self.sources.clone(),
            skus: self.skus.clone(),
            visitors: self.visitors.at_rest(),
            authors: self.authors.at_rest(),
            carts: self.carts.at_rest(),
            orders: self.orders.at_rest(),
            payments: self.payments.at_rest(),
            customers: self.customers.at_rest(),
            channels: self.channels.clone(),
            methods: self.methods.clone(),
            campaigns: self.campaigns.clone(),
            locations: self.locations.clone(),
            homes: self.homes.clone(),
            titles: self.titles.clone(),
        }
    }

    /// A shop calls a product so; of several names (variants of one product) the first by its text stays.
    pub fn entitle(&mut self, product: Sym, title: &str) {
        let known = self.titles.get(&product);
        if known.is_some_and(|known| known.as_str() == title) {
            return;
        }
        let title = clean(title, TITLE_COLUMNS);
        if !title.is_empty() && known.is_none_or(|known| title < *known) {
            self.titles.insert(product, title);
        }
    }

    /// What a shop calls a product, where any line told it.
    #[must_use]
    pub fn title(&self, product: Sym) -> Option<&str> {
        self.titles.get(&product).map(Name::as_str)
    }

    /// The product that a sku belongs to: by alias, as a variant of a planned product, by the `product` beside it, else itself.
    pub fn product(&mut self, sku: &str, product: Option<&Name>, plan: &Plan) -> Sym {
        let raw = self.skus.intern(sku);
        let known = self.home(raw, plan).product;
        let home = match (known, product) {
            (Some(home), _) => home,
            (None, None) => raw,
            (None, Some(product)) => {
                let product = self.skus.intern(product);
                self.home(product, plan).product.unwrap_or(raw)
            }
        };
        self.home(home, plan);
        if let Some(home) = self.homes.get_mut(home.index()) {
            home.counted = true;
        }
        home
    }

    fn home(&mut self, raw: Sym, plan: &Plan) -> Home {
        while self.homes.len() <= raw.index() {
            let next = Sym(u32::try_from(self.homes.len()).unwrap_or(u32::MAX));
            let product = planned_sku(self.skus.text(next), plan).map(|main| self.skus.intern(main));
            self.homes.push(Home { product, counted: false });
        }
        self.homes[raw.index()]
    }

    /// The product of a sku that was seen before.
    #[must_use]
    pub fn find_product(&self, sku: &str) -> Option<Sym> {
        let raw = self.skus.find(sku)?;
        let home = self.homes.get(raw.index())?;
        home.product.or(home.counted.then_some(raw))
    }

    /// All products in order of first appearance, the plan's first.
    pub fn products(&self) -> impl Iterator<Item = Sym> {
        self.skus.iter().map(|(sym, _)| sym).filter(|sym| self.homes.get(sym.index()).is_some_and(|home| home.counted))
    }
}

fn planned_sku<'a>(name: &str, plan: &'a Plan) -> Option<&'a str> {
    let alias = plan.aliases.get(name).map(Name::as_str);
    plan.product(alias.unwrap_or(name)).map(|product| product.sku.as_str()).or(alias)
}
