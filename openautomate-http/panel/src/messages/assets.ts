import texts from './en/assets.json';
import { add } from './all';

add({ assets: texts });
