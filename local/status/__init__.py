"""How a stack is, for one screen: each file asks about one thing and knows what of it is well."""
