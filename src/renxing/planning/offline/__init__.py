# SPDX-License-Identifier: Apache-2.0
"""The source of plans that needs nothing but words: a grammar, English and Chinese."""
