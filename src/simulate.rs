//! The simulated broadcast: a seeded generator of shoppers, chat, stock, ads and incidents.
