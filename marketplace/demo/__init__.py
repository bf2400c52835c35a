"""The demonstration shop: a seeded generator that fills the product's own tables, apart from the product.

Purchases, shoppers, prices and kinds of goods are real: the PRODUCE department of The Complete Journey, one year of a
chain of grocery stores, for educational use. Names, sellers, weights of loose goods and describing words are made.
Nothing in the product imports this package.
"""
