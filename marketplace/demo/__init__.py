"""The demonstration shop: a seeded generator that fills the product's own tables, apart from the product.

Purchases, shoppers, prices and kinds of goods are those of the PRODUCE department of The Complete Journey, one year of a
chain of grocery stores, which its authors call simulated from real shopping and allow for education. Names, sellers,
weights of loose goods and describing words are made here.
Nothing in the product imports this package.
"""
