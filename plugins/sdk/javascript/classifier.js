// What a classifier is built from: your `src/plugin.js`, exported as the contract wants it.
import { exported } from './caifeng.js';
import * as plugin from '../../src/plugin.js';

export const types = {};
export const classifier = exported(plugin, ['classify']);
