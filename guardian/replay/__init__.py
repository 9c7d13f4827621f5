"""The past through the same core: candles under an account that did not exist, or recorded evidence again."""
