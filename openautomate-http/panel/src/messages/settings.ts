import texts from './en/settings.json';
import { add } from './all';

add({ settings: texts });
